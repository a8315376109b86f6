#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::http {

struct Field {
  std::string name;   // lower case
  std::string value;  // without white space around it
  friend bool operator==(const Field&, const Field&) = default;
};

struct Request {
  std::string method;
  std::string target;  // origin form as it came: "/v1/queue?where=..."
  std::vector<Field> fields;
  std::string body;
  bool keep_alive = true;

  [[nodiscard]] std::string_view path() const;
  // Decoded value of a query parameter; the first if it stands twice. nullopt: absent or badly
  // encoded.
  [[nodiscard]] std::optional<std::string> query(std::string_view name) const;
  [[nodiscard]] std::optional<std::string_view> field(std::string_view lower_name) const;
};

struct Response {
  std::uint16_t status = 200;
  std::vector<Field> fields;
  std::string body;
  bool keep_alive = true;
  [[nodiscard]] std::optional<std::string_view> field(std::string_view lower_name) const;
};

[[nodiscard]] std::string_view reason_phrase(std::uint16_t status);

// Content-Length and Connection are the encoder's; `fields` must not name them.
// Limits: fields must hold neither CR, LF nor NUL (assertion).
void encode_request(const Request& request, std::string_view host, std::string& out);
// For a body that is sent piece by piece behind it; request.body is not looked at.
void encode_request_head(const Request& request, std::string_view host, std::uint64_t body_octets,
                         std::string& out);
void encode_response(const Response& response, std::string& out);
// For a body that is sent piece by piece behind it; response.body is not looked at.
void encode_response_head(const Response& response, std::uint64_t body_octets, std::string& out);

// Percent-encoding of everything but unreserved characters (RFC 3986 2.3), and back.
[[nodiscard]] std::string encode_percent(std::string_view octets);
[[nodiscard]] std::optional<std::string> decode_percent(std::string_view text);

}  // namespace postrider::http
