#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/imap/fetch.hpp>
#include <postrider/codec/mime/structure.hpp>

namespace postrider::imap {

// Octets of the message, from `begin` to before `end`.
struct SectionPlace {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint32_t entity = 0;  // whose body or header it is: for its transfer encoding
  friend bool operator==(const SectionPlace&, const SectionPlace&) = default;
};
// Where a section's octets are (RFC 9051 6.4.5.1); for HEADER.FIELDS the whole header section.
// nullopt: no such part, which is answered NIL.
[[nodiscard]] std::optional<SectionPlace> find_section(const mime::Structure& structure,
                                                       const Section& section);

// The fields of a header section that have one of `names`, or all others, as they are written and
// in their order, and the blank line.
[[nodiscard]] std::string filter_header(std::string_view header, std::span<const std::string> names,
                                        bool negate);

// What a partial fetch takes out of so many octets: offset and count; nothing at and past the end
// (RFC 9051 6.4.5).
struct OctetRange {
  std::uint64_t offset = 0;
  std::uint64_t octets = 0;
  friend bool operator==(const OctetRange&, const OctetRange&) = default;
};
[[nodiscard]] OctetRange clip(const std::optional<Partial>& partial, std::uint64_t octets);

}  // namespace postrider::imap
