#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::dkim {

// A field that holds a tag list (RFC 6376 3.2), folded at 78 columns; the signature comes last.
class TagWriter {
 public:
  explicit TagWriter(std::string_view field_name);

  void add(std::string_view name, std::string_view value);
  // A value that may be broken after its colons.
  void add_list(std::string_view name, const std::vector<std::string>& items);
  // "b=": what text() then holds is what is hashed.
  void begin_signature_value();
  // Base64 may be broken anywhere.
  void add_base64(std::string_view text);
  [[nodiscard]] const std::string& text() const { return out_; }

 private:
  void add_piece(std::string_view piece, std::string_view separator);
  void break_line();
  std::string out_;
  std::size_t column_;
};

}  // namespace postrider::dkim
