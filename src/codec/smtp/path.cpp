#include <algorithm>

#include <postrider/base/address_literal.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/smtp/limits.hpp>
#include <postrider/codec/smtp/path.hpp>

namespace postrider::smtp {
namespace {

bool is_8bit(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

bool is_atext(char c) {  // RFC 5322 3.2.3, RFC 6531 3.3
  return is_ascii_alpha(c) || is_ascii_digit(c) || is_8bit(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}

bool is_dot_string(std::string_view text) {  // RFC 5321 4.1.2
  if (text.empty() || text.front() == '.' || text.back() == '.') {
    return false;
  }
  char previous = 0;
  for (const char c : text) {
    if (c == '.' ? previous == '.' : !is_atext(c)) {
      return false;
    }
    previous = c;
  }
  return true;
}

std::string encode_local_part(std::string_view text) {
  if (is_dot_string(text)) {
    return std::string(text);
  }
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  out += '"';
  return out;
}

// RFC 5321 4.1.2 Quoted-string: qtextSMTP and quoted-pairSMTP, printable ASCII; UTF-8 by RFC 6531.
Result<std::string, PathError> take_quoted(std::string_view& text) {
  std::string out;
  for (std::size_t i = 1; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') {
      if (out.empty()) {
        return failure(PathError::syntax);
      }
      text.remove_prefix(i + 1);
      return out;
    }
    if (c == '\\') {
      if (++i == text.size() || is_8bit(text[i])) {
        return failure(PathError::syntax);
      }
      c = text[i];
    }
    if (!is_8bit(c) && (c < 0x20 || c == 0x7f)) {
      return failure(PathError::syntax);
    }
    out += c;
  }
  return failure(PathError::syntax);
}

Result<std::string, PathError> take_local_part(std::string_view& text) {
  std::string out;
  if (text.starts_with('"')) {
    auto quoted = take_quoted(text);
    if (!quoted) {
      return quoted;
    }
    out = std::move(*quoted);
  } else {
    std::size_t end = 0;
    while (end < text.size() && (is_atext(text[end]) || text[end] == '.')) {
      ++end;
    }
    out = text.substr(0, end);
    text.remove_prefix(end);
  }
  if (out.empty()) {
    return failure(PathError::syntax);
  }
  if (out.size() > local_part_octets_max) {
    return failure(PathError::local_part_too_long);
  }
  return is_utf8(out) ? Result<std::string, PathError>(out) : failure(PathError::not_utf8);
}

// What stands from the "@" to the end of the address, without judging it.
std::string_view take_domain_text(std::string_view& text) {
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    end = end == std::string_view::npos ? text.size() : end + 1;
  } else {
    while (end < text.size() && !std::string_view(" \t<>,:;@\"()[]\\").contains(text[end])) {
      ++end;
    }
  }
  const std::string_view domain = text.substr(0, end);
  text.remove_prefix(end);
  return domain;
}

Result<std::string, PathError> judge_domain(std::string_view domain) {
  if (domain.size() > domain_octets_max) {
    return failure(PathError::domain_too_long);
  }
  if (domain.starts_with('[')) {
    const auto address = parse_address_literal(domain);
    return address ? Result<std::string, PathError>(encode_address_literal(*address))
                   : failure(PathError::bad_literal);
  }
  if (!is_utf8(domain)) {
    return failure(PathError::not_utf8);
  }
  return is_domain(domain) ? Result<std::string, PathError>(to_lower(domain))
                           : failure(PathError::syntax);
}

// RFC 5321 4.1.1.3 and appendix C: "@one,@two:" is read and ignored.
Result<void, PathError> skip_source_route(std::string_view& text) {
  while (text.starts_with('@')) {
    text.remove_prefix(1);
    if (const auto domain = judge_domain(take_domain_text(text)); !domain) {
      return failure(domain.error());
    }
    if (text.starts_with(',')) {
      text.remove_prefix(1);
      if (!text.starts_with('@')) {
        return failure(PathError::syntax);
      }
    } else if (text.starts_with(':')) {
      text.remove_prefix(1);
      return {};
    } else {
      return failure(PathError::syntax);
    }
  }
  return {};
}

Result<Path, PathError> take_address(std::string_view& text, bool postmaster_allowed) {
  auto local_part = take_local_part(text);
  if (!local_part) {
    return failure(local_part.error());
  }
  Path path;
  path.local_part = std::move(*local_part);
  if (!text.starts_with('@')) {
    // RFC 5321 4.1.1.3: <postmaster> alone, in any case.
    if (postmaster_allowed && equals_ignoring_case(path.local_part, "postmaster")) {
      return path;
    }
    return failure(PathError::no_domain);
  }
  text.remove_prefix(1);
  auto domain = judge_domain(take_domain_text(text));
  if (!domain) {
    return failure(domain.error());
  }
  path.domain = std::move(*domain);
  if (path.address().size() + 2 > path_octets_max) {
    return failure(PathError::path_too_long);
  }
  return path;
}

}  // namespace

bool Path::needs_smtputf8() const {
  return !is_ascii(local_part) || !is_ascii(domain);
}

std::string Path::address() const {
  if (is_null()) {
    return {};
  }
  std::string out = encode_local_part(local_part);
  if (!domain.empty()) {
    out.reserve(out.size() + 1 + domain.size());
    out += '@';
    out += domain;
  }
  return out;
}

Result<Path, PathError> parse_path(std::string_view& text, PathRole role) {
  std::string_view rest = text;
  if (!rest.starts_with('<')) {
    return failure(PathError::syntax);
  }
  rest.remove_prefix(1);
  if (rest.starts_with('>')) {
    if (role == PathRole::recipient) {
      return failure(PathError::null_not_allowed);
    }
    rest.remove_prefix(1);
    text = rest;
    return Path{};
  }
  if (const auto skipped = skip_source_route(rest); !skipped) {
    return failure(skipped.error());
  }
  auto path = take_address(rest, role == PathRole::recipient);
  if (!path) {
    return path;
  }
  if (!rest.starts_with('>')) {
    return failure(PathError::syntax);
  }
  rest.remove_prefix(1);
  text = rest;
  return path;
}

Result<Path, PathError> parse_address(std::string_view text) {
  auto path = take_address(text, false);
  if (path && !text.empty()) {
    return failure(PathError::syntax);
  }
  return path;
}

bool is_domain(std::string_view text) {
  if (text.empty() || text.size() > domain_octets_max || !is_utf8(text)) {
    return false;
  }
  std::string_view label;
  for (std::size_t at = 0; at <= text.size(); at += label.size() + 1) {
    label = text.substr(at, text.find('.', at) - at);
    // A U-label may be longer in UTF-8 than it is as an A-label: IDNA judges it later.
    const bool too_long = label.size() > domain_label_octets_max && is_ascii(label);
    if (label.empty() || too_long || label.front() == '-' || label.back() == '-') {
      return false;
    }
    for (const char c : label) {
      if (!is_ascii_alpha(c) && !is_ascii_digit(c) && c != '-' && c != '_' && !is_8bit(c)) {
        return false;
      }
    }
  }
  return true;
}

bool is_helo_name(std::string_view text) {
  if (text.empty() || text.size() > domain_octets_max) {
    return false;
  }
  if (text.starts_with('[')) {
    return parse_address_literal(text).has_value();
  }
  return std::ranges::all_of(text, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || std::string_view("-._:").contains(c);
  });
}

}  // namespace postrider::smtp
