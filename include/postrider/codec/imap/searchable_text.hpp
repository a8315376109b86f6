#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/structure.hpp>

// What SEARCH looks into (RFC 9051 6.4.4), and so what an index of it holds.
namespace postrider::imap {

// What is read of a header section: of the message's, and of those of messages in it.
inline constexpr std::uint64_t searchable_header_octets_max = 1024 * 1024;

// A piece of a message that BODY and TEXT look into: a text part, or the header of a message
// inside.
struct SearchablePart {
  std::uint64_t begin = 0;  // octets of the message without its trace
  std::uint64_t end = 0;
  bool is_header = false;
  std::string encoding;
  std::string charset;
};
[[nodiscard]] std::vector<SearchablePart> searchable_parts(const mime::Structure& structure);
// The part as UTF-8, transfer encoding and charset taken off. In: its octets.
[[nodiscard]] std::string searchable_text(const SearchablePart& part, std::string_view octets);
// A field of the message's own header as TEXT takes it: "Name: value", RFC 2047 decoded.
[[nodiscard]] std::string searchable_field(const mime::HeaderField& field);

}  // namespace postrider::imap
