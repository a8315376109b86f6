#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/mime/header.hpp>

namespace postrider::mime {

// A header section with fields put in and taken out; what stays, stays octet for octet, and the
// body is not touched. In: `section` must outlive this, as must the octets it was scanned from.
class HeaderEdit {
 public:
  explicit HeaderEdit(const HeaderSection& section);

  // Complete fields ("Name: value"); a missing final CRLF is supplied. What is put at the top last
  // stands first, as trace fields want it (RFC 5321 4.4).
  HeaderEdit& insert_at_top(std::string field);
  HeaderEdit& append(std::string field);
  // All fields of that name with their continuation lines; how many there were.
  std::size_t remove(std::string_view name);
  // That field alone, one of the section's.
  HeaderEdit& remove(const HeaderField& field);
  // The first field of that name gives its place to `field`, the others go; appended if none.
  HeaderEdit& replace(std::string_view name, std::string field);

  [[nodiscard]] bool is_changed() const;
  // The new header section and the blank line that ends it. The new message is that, then the old
  // octets from section.body_offset() on.
  [[nodiscard]] std::string encode() const;

 private:
  const HeaderSection& section_;
  std::vector<std::string> top_;  // in the order of the calls
  std::vector<std::string> bottom_;
  // For each field of the section: kept, removed, or what stands in its place.
  enum class Fate : unsigned char { kept, removed, replaced };
  std::vector<Fate> fates_;
  std::map<std::size_t, std::string> replacements_;  // by the index of the field
};

}  // namespace postrider::mime
