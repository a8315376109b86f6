#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::mime {

// RFC 2045 5.1.
struct ContentType {
  std::string type;     // lower case
  std::string subtype;  // lower case
  // Names in lower case, values without quotes; of equal names the first one counts.
  std::vector<std::pair<std::string, std::string>> parameters;
  [[nodiscard]] bool is(std::string_view wanted_type, std::string_view wanted_subtype) const {
    return type == wanted_type && subtype == wanted_subtype;
  }
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
  friend bool operator==(const ContentType&, const ContentType&) = default;
};

// nullopt: no type/subtype at the front. Parameters after a malformed one are left out.
[[nodiscard]] std::optional<ContentType> parse_content_type(std::string_view text);

// RFC 2183 2.
struct ContentDisposition {
  std::string type;                                             // lower case
  std::vector<std::pair<std::string, std::string>> parameters;  // as ContentType's
  friend bool operator==(const ContentDisposition&, const ContentDisposition&) = default;
};
// nullopt: no token at the front.
[[nodiscard]] std::optional<ContentDisposition> parse_content_disposition(std::string_view text);

}  // namespace postrider::mime
