#include <algorithm>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/http/url.hpp>

namespace postrider::http {

namespace {

constexpr std::size_t url_octets_max = 2048;

// RFC 3986 2: unreserved, gen-delims, sub-delims and "%".
bool is_url_octet(char c) {
  constexpr std::string_view others = "-._~:/?#[]@!$&'()*+,;=%";
  return is_ascii_alpha(c) || is_ascii_digit(c) || others.find(c) != std::string_view::npos;
}

bool is_host_text(std::string_view host) {
  return !host.empty() && host.size() <= 253 && host.front() != '.' &&
         std::ranges::all_of(host, [](char c) {
           return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '.' || c == '_';
         });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto number = text.size() <= 5 ? parse_decimal(text) : std::nullopt;
  return number && *number > 0 && *number <= 65'535
             ? std::optional(static_cast<std::uint16_t>(*number))
             : std::nullopt;
}

// "host", "host:port", "[address]:port"; false: none of them.
bool take_authority(std::string_view text, HttpsUrl& out) {
  std::string_view after;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    const auto address =
        end == std::string_view::npos ? std::nullopt : IpAddress::parse(text.substr(1, end - 1));
    if (!address || address->family() == IpFamily::v4) {
      return false;
    }
    out.host = address->text();
    after = text.substr(end + 1);
  } else {
    const std::size_t colon = text.find(':');
    out.host = to_lower(text.substr(0, colon));
    if (!is_host_text(out.host)) {
      return false;
    }
    after = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (after.empty() || after == ":") {
    return true;
  }
  const auto port = after.front() == ':' ? parse_port(after.substr(1)) : std::nullopt;
  out.port = port.value_or(0);
  return port.has_value();
}

}  // namespace

std::string HttpsUrl::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != 443) {
    out += ":" + std::to_string(port);
  }
  return out;
}

std::optional<HttpsUrl> parse_https_url(std::string_view text) {
  constexpr std::string_view scheme = "https://";
  if (text.size() > url_octets_max || !starts_with_ignoring_case(text, scheme) ||
      !std::ranges::all_of(text, is_url_octet)) {
    return std::nullopt;
  }
  text = text.substr(scheme.size());
  text = text.substr(0, text.find('#'));
  const std::size_t path = text.find_first_of("/?");
  HttpsUrl out;
  if (!take_authority(text.substr(0, path), out)) {
    return std::nullopt;
  }
  out.target = path == std::string_view::npos ? "" : text.substr(path);
  if (!out.target.starts_with('/')) {
    out.target.insert(0, "/");
  }
  return out;
}

}  // namespace postrider::http
