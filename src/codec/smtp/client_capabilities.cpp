#include <postrider/base/text.hpp>
#include <postrider/codec/smtp/client_capabilities.hpp>

namespace postrider::smtp {

namespace {

constexpr std::size_t auth_mechanisms_max = 32;

struct Flag {
  std::string_view keyword;
  bool Capabilities::* member;
};
constexpr Flag flags[] = {
    {"PIPELINING", &Capabilities::pipelining},
    {"8BITMIME", &Capabilities::eight_bit_mime},
    {"SMTPUTF8", &Capabilities::smtputf8},
    {"DSN", &Capabilities::dsn},
    {"CHUNKING", &Capabilities::chunking},
    {"STARTTLS", &Capabilities::starttls},
    {"ENHANCEDSTATUSCODES", &Capabilities::enhanced_codes},
    {"REQUIRETLS", &Capabilities::requiretls},
};

void take_auth(std::string_view mechanisms, Capabilities& out) {
  for (const std::string_view name : split(mechanisms, ' ')) {
    if (!name.empty() && out.auth.size() < auth_mechanisms_max) {
      std::string upper(name);
      for (char& c : upper) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
      }
      out.auth.push_back(std::move(upper));
    }
  }
}

void take_keyword(std::string_view line, Capabilities& out) {
  const std::size_t blank = line.find(' ');
  const std::string_view keyword = line.substr(0, blank);
  const std::string_view rest =
      blank == std::string_view::npos ? std::string_view() : trim_wsp(line.substr(blank));
  for (const Flag& flag : flags) {
    if (equals_ignoring_case(keyword, flag.keyword)) {
      out.*flag.member = true;
      return;
    }
  }
  if (equals_ignoring_case(keyword, "SIZE")) {
    out.size = parse_decimal(rest).value_or(0);
  } else if (equals_ignoring_case(keyword, "AUTH")) {
    take_auth(rest, out);
  } else if (starts_with_ignoring_case(keyword, "AUTH=") && out.auth.empty()) {
    // A form from before RFC 4954 that some servers still send, alone or beside the other.
    take_auth(line.substr(5), out);
  }
}

}  // namespace

Capabilities parse_capabilities(std::string_view text) {
  Capabilities out;
  out.extended = true;
  bool is_first = true;
  for (const std::string_view line : split(text, '\n')) {
    if (!is_first) {
      take_keyword(trim_wsp(line), out);
    }
    is_first = false;
  }
  return out;
}

}  // namespace postrider::smtp
