#include "record.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/spf/limits.hpp>

namespace postrider::spf {

namespace {

constexpr std::string_view version = "v=spf1";

struct MechanismName {
  std::string_view name;
  Mechanism mechanism;
  enum class Argument : std::uint8_t { none, domain, optional_domain, network } argument;
  bool takes_prefixes;
};
constexpr std::array<MechanismName, 8> mechanisms = {{
    {"all", Mechanism::all, MechanismName::Argument::none, false},
    {"include", Mechanism::include, MechanismName::Argument::domain, false},
    {"a", Mechanism::a, MechanismName::Argument::optional_domain, true},
    {"mx", Mechanism::mx, MechanismName::Argument::optional_domain, true},
    {"ptr", Mechanism::ptr, MechanismName::Argument::optional_domain, false},
    {"ip4", Mechanism::ip4, MechanismName::Argument::network, false},
    {"ip6", Mechanism::ip6, MechanismName::Argument::network, false},
    {"exists", Mechanism::exists, MechanismName::Argument::domain, false},
}};

// A prefix length: no leading zeros, at most `max` (RFC 7208 5.6, 12).
std::optional<unsigned> parse_prefix(std::string_view digits, unsigned max) {
  constexpr std::size_t most_digits = 3;
  const auto value = parse_decimal(digits);
  if (!value || digits.size() > most_digits || *value > max ||
      (digits.size() > 1 && digits.front() == '0')) {
    return std::nullopt;
  }
  return static_cast<unsigned>(*value);
}

// Takes `mark` and digits off the end of `text`; nullopt: they are not there. The digits' range is
// checked later, so that "/33" is not taken for a piece of a domain.
std::optional<std::string_view> take_suffix(std::string_view& text, std::string_view mark) {
  const std::size_t digits = text.find_last_not_of("0123456789");
  const std::size_t begin = digits == std::string_view::npos ? 0 : digits + 1;
  if (begin == text.size() || begin < mark.size() ||
      text.substr(begin - mark.size(), mark.size()) != mark) {
    return std::nullopt;
  }
  const std::string_view found = text.substr(begin);
  text.remove_suffix(found.size() + mark.size());
  return found;
}

// [ ip4-cidr-length ] [ "/" ip6-cidr-length ], off the end of `rest`.
bool take_prefixes(std::string_view& rest, Directive& directive) {
  if (const auto digits = take_suffix(rest, "//")) {
    const auto prefix = parse_prefix(*digits, 128);
    if (!prefix) {
      return false;
    }
    directive.prefix6 = *prefix;
  }
  if (const auto digits = take_suffix(rest, "/")) {
    const auto prefix = parse_prefix(*digits, 32);
    if (!prefix) {
      return false;
    }
    directive.prefix4 = *prefix;
  }
  return true;
}

// "ip4:192.0.2.0/24", "ip6:2001:db8::/32"; `rest` begins with the colon.
bool read_network(std::string_view rest, Directive& directive) {
  if (!rest.starts_with(':')) {
    return false;
  }
  rest.remove_prefix(1);
  const bool is_v4 = directive.mechanism == Mechanism::ip4;
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
    const auto prefix = parse_prefix(rest.substr(slash + 1), is_v4 ? 32 : 128);
    if (!prefix) {
      return false;
    }
    (is_v4 ? directive.prefix4 : directive.prefix6) = *prefix;
    rest = rest.substr(0, slash);
  }
  const auto address = IpAddress::parse(rest);
  if (!address || is_v4 != (rest.find(':') == std::string_view::npos)) {
    return false;
  }
  directive.network = address->octets();
  if (!is_v4 && address->family() == IpFamily::v4) {
    // A mapped address in the record stays what is written: it fits no client, since theirs are
    // IPv4 (RFC 7208 5), but its prefix may.
    std::ranges::fill(directive.network, std::uint8_t{0});
    directive.network[10] = directive.network[11] = 0xFF;
    std::copy_n(address->octets().begin(), 4, directive.network.begin() + 12);
  }
  return true;
}

bool read_domain(std::string_view rest, bool is_optional, Directive& directive) {
  if (rest.empty()) {
    return is_optional;
  }
  if (!rest.starts_with(':')) {
    return false;
  }
  directive.domain = parse_domain_spec(rest.substr(1));
  return directive.domain.has_value();
}

std::optional<Directive> parse_directive(std::string_view term) {
  Directive directive{.text = std::string(term)};
  switch (term.front()) {
    case '-':
      directive.result = Result::fail;
      break;
    case '~':
      directive.result = Result::softfail;
      break;
    case '?':
      directive.result = Result::neutral;
      break;
    default:
      break;
  }
  if (directive.result != Result::pass || term.front() == '+') {
    term.remove_prefix(1);
  }
  const std::string_view name = term.substr(0, term.find_first_of(":/"));
  const auto* const it = std::ranges::find_if(mechanisms, [&](const MechanismName& known) {
    return equals_ignoring_case(known.name, name);
  });
  if (it == mechanisms.end()) {
    return std::nullopt;
  }
  directive.mechanism = it->mechanism;
  std::string_view rest = term.substr(name.size());
  if (it->takes_prefixes && !take_prefixes(rest, directive)) {
    return std::nullopt;
  }
  using Argument = MechanismName::Argument;
  const bool is_sound =
      it->argument == Argument::none ? rest.empty()
      : it->argument == Argument::network
          ? read_network(rest, directive)
          : read_domain(rest, it->argument == Argument::optional_domain, directive);
  return is_sound ? std::optional(std::move(directive)) : std::nullopt;
}

// name "=": nullopt if the term is a directive (RFC 7208 4.6.1).
std::optional<std::string_view> modifier_name(std::string_view term) {
  const std::size_t equals = term.find('=');
  const std::string_view name = term.substr(0, equals);
  if (equals == std::string_view::npos || name.empty() || !is_ascii_alpha(name.front()) ||
      !std::ranges::all_of(name, [](char c) {
        return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_' || c == '.';
      })) {
    return std::nullopt;
  }
  return name;
}

// Into `slot`, which may be filled only once (RFC 7208 6).
bool read_modifier(std::string_view value, std::optional<MacroString>& slot) {
  if (slot) {
    return false;
  }
  slot = parse_domain_spec(value);
  return slot.has_value();
}

bool read_term(std::string_view term, Record& record) {
  const auto name = modifier_name(term);
  if (!name) {
    auto directive = parse_directive(term);
    if (directive) {
      record.directives.push_back(std::move(*directive));
    }
    return directive.has_value();
  }
  const std::string_view value = term.substr(name->size() + 1);
  if (equals_ignoring_case(*name, "redirect")) {
    return read_modifier(value, record.redirect);
  }
  if (equals_ignoring_case(*name, "exp")) {
    return read_modifier(value, record.explanation);
  }
  // Unknown modifiers are ignored, but their grammar is not (RFC 7208 6, 12).
  return parse_macro_string(value, MacroPlace::term).has_value();
}

}  // namespace

bool is_spf_record(std::string_view text) {
  return starts_with_ignoring_case(text, version) &&
         (text.size() == version.size() || text[version.size()] == ' ');
}

std::expected<Record, std::string> parse_record(std::string_view text) {
  Record record;
  if (text.size() > max_record_octets) {
    return std::unexpected("the record is too long");
  }
  text.remove_prefix(version.size());
  for (const std::string_view term : split(text, ' ')) {
    if (!term.empty() && !read_term(term, record)) {
      return std::unexpected(fmt::format("'{}' breaks the syntax", quoted_for_log(term, 80)));
    }
  }
  return record;
}

bool is_in_network(const std::array<std::uint8_t, 16>& octets,
                   const std::array<std::uint8_t, 16>& network, unsigned prefix) {
  constexpr unsigned bits = 8;
  const unsigned whole = prefix / bits;
  if (!std::equal(octets.begin(), octets.begin() + whole, network.begin())) {
    return false;
  }
  const unsigned rest = prefix % bits;
  const auto mask = static_cast<std::uint8_t>(0xFF00U >> rest);
  return rest == 0 || ((octets[whole] ^ network[whole]) & mask) == 0;
}

}  // namespace postrider::spf
