#include <algorithm>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/http/message.hpp>

namespace postrider::http {

namespace {

std::optional<std::string_view> find_field(const std::vector<Field>& fields,
                                           std::string_view lower_name) {
  const auto found = std::ranges::find(fields, lower_name, &Field::name);
  return found == fields.end() ? std::nullopt : std::optional<std::string_view>(found->value);
}

void append_fields(const std::vector<Field>& fields, std::string& out) {
  for (const auto& [name, value] : fields) {
    check(name.find_first_of(std::string_view("\r\n\0: ", 5)) == name.npos &&
              value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos,
          "an HTTP field would break its line");
    out.append(name).append(": ").append(value).append("\r\n");
  }
}

int hex_digit(char c) {
  if (is_ascii_digit(c)) {
    return c - '0';
  }
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::string_view Request::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::optional<std::string> Request::query(std::string_view name) const {
  const auto mark = target.find('?');
  if (mark == target.npos) {
    return std::nullopt;
  }
  for (const auto pair : split(std::string_view(target).substr(mark + 1), '&')) {
    const auto equals = pair.find('=');
    if (decode_percent(pair.substr(0, equals)) == name) {
      return equals == pair.npos ? std::string() : decode_percent(pair.substr(equals + 1));
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> Request::field(std::string_view lower_name) const {
  return find_field(fields, lower_name);
}

std::optional<std::string_view> Response::field(std::string_view lower_name) const {
  return find_field(fields, lower_name);
}

std::string_view reason_phrase(std::uint16_t status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

void encode_request(const Request& request, std::string_view host, std::string& out) {
  encode_request_head(request, host, request.body.size(), out);
  out.append(request.body);
}

void encode_request_head(const Request& request, std::string_view host, std::uint64_t body_octets,
                         std::string& out) {
  out.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\nhost: ");
  out.append(host).append("\r\n");
  append_fields(request.fields, out);
  if (!request.keep_alive) {
    out += "connection: close\r\n";
  }
  if (body_octets != 0 || request.method == "POST" || request.method == "PUT") {
    out += "content-length: " + std::to_string(body_octets) + "\r\n";
  }
  out += "\r\n";
}

void encode_response(const Response& response, std::string& out) {
  encode_response_head(response, response.body.size(), out);
  out.append(response.body);
}

void encode_response_head(const Response& response, std::uint64_t body_octets, std::string& out) {
  out += "HTTP/1.1 " + std::to_string(response.status) + " ";
  out.append(reason_phrase(response.status)).append("\r\n");
  append_fields(response.fields, out);
  if (!response.keep_alive) {
    out += "connection: close\r\n";
  }
  if (response.status != 204) {
    out += "content-length: " + std::to_string(body_octets) + "\r\n";
  }
  out += "\r\n";
}

std::string encode_percent(std::string_view octets) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : octets) {
    if (is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += '%';
      out += digits[octet >> 4];
      out += digits[octet & 15];
    }
  }
  return out;
}

std::optional<std::string> decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) {
      return std::nullopt;
    }
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace postrider::http
