#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::mime {

// One part of a multipart body (RFC 2046 5.1).
struct Part {
  std::string header;  // complete fields, each ended by CRLF; may be empty
  std::string body;
};

// The body of a multipart entity. nullopt: the boundary stands in a part (choose another) or is
// none (RFC 2046 5.1.1: 1 to 70 characters of its alphabet).
[[nodiscard]] std::optional<std::string> encode_multipart(const std::vector<Part>& parts,
                                                          std::string_view boundary,
                                                          std::string_view preamble = {});

// The parts of a multipart body, header and body together, without the CRLF that belongs to the
// delimiter; views into `body`. A missing close delimiter is tolerated. At most max_parts, the rest
// is left out. Nested multiparts are the caller's to split.
[[nodiscard]] std::vector<std::string_view> split_multipart(std::string_view body,
                                                            std::string_view boundary);

}  // namespace postrider::mime
