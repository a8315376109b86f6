#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/codec/mime/limits.hpp>

namespace postrider::mime {

// One field of a header section. All views look into the octets that were scanned.
struct HeaderField {
  std::string_view name;   // as written
  std::string_view value;  // all after the colon, still folded, without the final CRLF
  std::string_view raw;    // from the name to the final CRLF (which the last field may lack)
  std::size_t offset = 0;  // of `raw` in the octets
};

// How a header section ended.
enum class HeaderEnd {
  blank_line,      // as RFC 5322 2.1 has it
  end_of_octets,   // no blank line: a message without a body, or more is to come
  malformed_line,  // a line that is no field: the body begins with it, the blank line is missing
};

enum class HeaderError {
  header_too_large,  // refuse the message (552 5.3.4)
  too_many_fields,   // refuse the message (554 5.6.0)
  line_too_long,     // refuse the message (554 5.6.0)
};

struct HeaderLimits {
  std::size_t max_octets = default_max_header_octets;
  std::size_t max_fields = default_max_header_fields;
  std::size_t max_line_octets = default_max_header_line_octets;
};

// The header section at the front of a message.
// In: octets whose lines end in CRLF; a bare CR or LF is an octet of its line like any other, and
//     find_bare_line_break finds it.
// Out: views, valid as long as the octets that were scanned.
// Syntax: RFC 5322 2.2 and 4.5 (blanks before the colon), RFC 6532 (any octets in values).
// Cost: one pass, one vector.
class HeaderSection {
 public:
  [[nodiscard]] std::span<const HeaderField> fields() const { return fields_; }
  [[nodiscard]] HeaderEnd end() const { return end_; }
  // Octets of the fields alone, without the blank line.
  [[nodiscard]] std::size_t header_octets() const { return header_octets_; }
  // Where the body begins, past the blank line if there is one.
  [[nodiscard]] std::size_t body_offset() const { return body_offset_; }
  // Of the longest line, without its CRLF.
  [[nodiscard]] std::size_t longest_line_octets() const { return longest_line_octets_; }

  // The first field of that name, whatever the case; nullptr if there is none. Valid as this.
  [[nodiscard]] const HeaderField* find(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  [[nodiscard]] std::size_t count(std::string_view name) const;
  // An octet above 127 in any field (RFC 6532): the message needs SMTPUTF8.
  [[nodiscard]] bool has_8bit() const;

 private:
  friend Result<HeaderSection, HeaderError> scan_header(std::string_view, const HeaderLimits&);
  std::vector<HeaderField> fields_;
  HeaderEnd end_ = HeaderEnd::end_of_octets;
  std::size_t header_octets_ = 0;
  std::size_t body_offset_ = 0;
  std::size_t longest_line_octets_ = 0;
};

[[nodiscard]] Result<HeaderSection, HeaderError> scan_header(std::string_view octets,
                                                             const HeaderLimits& limits = {});

// Where the blank line that ends a header section begins, looking from `from` on: 0, or just past a
// CRLF. For a header that is still arriving: call again with `from` a little before what is new
// (3 octets), nothing is scanned twice.
[[nodiscard]] std::optional<std::size_t> find_blank_line(std::string_view octets,
                                                         std::size_t from = 0);

// A field's value as one line: CRLF before a blank goes, the blank stays (RFC 5322 2.2.3); blanks
// at both ends go.
[[nodiscard]] std::string unfold(std::string_view value);

}  // namespace postrider::mime
