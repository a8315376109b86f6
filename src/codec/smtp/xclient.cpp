#include <algorithm>
#include <array>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/smtp/path.hpp>
#include <postrider/codec/smtp/xclient.hpp>
#include <postrider/codec/smtp/xtext.hpp>

namespace postrider::smtp {
namespace {

// "[UNAVAILABLE]": there is none. "[TEMPUNAVAIL]": nobody knows it now.
bool is_unavailable(std::string_view value) {
  return equals_ignoring_case(value, "[UNAVAILABLE]") ||
         equals_ignoring_case(value, "[TEMPUNAVAIL]");
}

std::optional<std::uint16_t> read_port(std::string_view value) {
  if (is_unavailable(value)) {
    return std::uint16_t{0};
  }
  const auto port = parse_decimal(value);
  return port && *port <= 65'535 ? std::optional(static_cast<std::uint16_t>(*port)) : std::nullopt;
}

std::optional<IpAddress> read_address(std::string_view value) {
  constexpr std::string_view v6 = "IPV6:";
  return IpAddress::parse(starts_with_ignoring_case(value, v6) ? value.substr(v6.size()) : value);
}

bool take_name(Xclient& out, std::string_view value) {
  out.name = is_unavailable(value) ? std::string() : to_lower(value);
  return out.name->empty() || is_domain(*out.name);
}

bool take_address(Xclient& out, std::string_view value) {
  out.is_address_unknown = is_unavailable(value);
  out.address = read_address(value);
  return out.is_address_unknown || out.address.has_value();
}

bool take_port(Xclient& out, std::string_view value) {
  out.port = read_port(value);
  return out.port.has_value();
}

bool take_protocol(Xclient& out, std::string_view value) {
  out.extended = equals_ignoring_case(value, "ESMTP");
  return *out.extended || equals_ignoring_case(value, "SMTP");
}

bool take_helo(Xclient& out, std::string_view value) {
  out.helo = is_unavailable(value) ? std::string() : std::string(value);
  return out.helo->empty() || is_helo_name(*out.helo);
}

bool is_login_absent(Xclient&, std::string_view value) {
  return is_unavailable(value);
}

// Where the client went to: read, and of no use here.
bool is_destination(Xclient&, std::string_view value) {
  return is_unavailable(value) || read_address(value).has_value();
}
bool is_destination_port(Xclient&, std::string_view value) {
  return read_port(value).has_value();
}

struct Attribute {
  std::string_view name;
  bool (*take)(Xclient&, std::string_view);
};
constexpr std::array attributes = {
    Attribute{"NAME", take_name},          Attribute{"ADDR", take_address},
    Attribute{"PORT", take_port},          Attribute{"PROTO", take_protocol},
    Attribute{"HELO", take_helo},          Attribute{"LOGIN", is_login_absent},
    Attribute{"DESTADDR", is_destination}, Attribute{"DESTPORT", is_destination_port},
};

}  // namespace

std::optional<Xclient> parse_xclient(std::string_view argument) {
  Xclient out;
  std::array<bool, attributes.size()> seen{};
  bool is_any = false;
  for (const std::string_view item : split(argument, ' ')) {
    if (item.empty()) {
      continue;
    }
    const std::size_t equals = item.find('=');
    if (equals == item.npos) {
      return std::nullopt;
    }
    const auto row =
        std::ranges::find_if(attributes, [name = item.substr(0, equals)](const Attribute& known) {
          return equals_ignoring_case(known.name, name);
        });
    const auto value = decode_xtext(item.substr(equals + 1));
    if (row == attributes.end() || !value || value->empty()) {
      return std::nullopt;
    }
    const auto index = static_cast<std::size_t>(row - attributes.begin());
    if (std::exchange(seen[index], true) || !row->take(out, *value)) {
      return std::nullopt;
    }
    is_any = true;
  }
  return is_any ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace postrider::smtp
