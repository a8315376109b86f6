#include "lexer.hpp"

#include <algorithm>
#include <fmt/format.h>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/authentication_results.hpp>

namespace postrider::mime {

namespace {

constexpr std::string_view field_name = "Authentication-Results";
constexpr unsigned known_version = 1;

bool skip(Lexer& lexer) {
  const auto outcome = lexer.skip_cfws();
  return outcome == Lexer::Cfws::none || outcome == Lexer::Cfws::some;
}

// value of RFC 2045 5.1.
std::optional<std::string> take_value(Lexer& lexer) {
  if (auto quoted = lexer.take_quoted_string()) {
    return quoted;
  }
  const auto token = lexer.take_token();
  return token ? std::optional(std::string(*token)) : std::nullopt;
}

// pvalue: a value or an address, and in practice what else stands between blanks, as the beginning
// of a signature ("header.b=ab/c+d=").
std::optional<std::string> take_pvalue(Lexer& lexer) {
  std::string value;
  if (auto quoted = lexer.take_quoted_string()) {
    value = std::move(*quoted);
  }
  while (!lexer.at_end()) {
    const char c = lexer.peek();
    if (is_wsp(c) || c == ';' || c == '(' || c == '"' || c == '\r' || c == '\n') {
      break;
    }
    value += c;
    lexer.advance();
  }
  return value.empty() ? std::nullopt : std::optional(std::move(value));
}

// "ptype.property", with blanks allowed around the dot; nullopt: no more properties.
std::optional<AuthenticationProperty> take_property(Lexer& lexer) {
  const auto first = lexer.take_token();
  if (!first) {
    return std::nullopt;
  }
  std::string name(*first);
  while (skip(lexer) && !lexer.at_end() && lexer.peek() != '=') {
    const auto more = lexer.take_token();
    if (!more) {
      return std::nullopt;
    }
    name += *more;
  }
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == name.size() || !lexer.take('=') ||
      !skip(lexer)) {
    return std::nullopt;
  }
  auto value = take_pvalue(lexer);
  if (!value) {
    return std::nullopt;
  }
  return AuthenticationProperty{.type = to_lower(name.substr(0, dot)),
                                .name = to_lower(name.substr(dot + 1)),
                                .value = std::move(*value)};
}

// "reason=value", when it stands next.
bool take_reason(Lexer& lexer, AuthenticationResult& result) {
  Lexer ahead = lexer;
  const auto word = ahead.take_token();
  if (!word || !equals_ignoring_case(*word, "reason") || !skip(ahead) || !ahead.take('=')) {
    return true;
  }
  lexer = ahead;
  if (!skip(lexer)) {
    return false;
  }
  auto value = take_value(lexer);
  if (!value || !skip(lexer)) {
    return false;
  }
  result.reason = std::move(*value);
  return true;
}

// method [ "/" version ] "=" result, then reason and properties.
std::optional<AuthenticationResult> take_result(Lexer& lexer) {
  const auto method = lexer.take_token();
  if (!method || !skip(lexer)) {
    return std::nullopt;
  }
  if (lexer.take('/') && (!skip(lexer) || lexer.take_token() != "1" || !skip(lexer))) {
    return std::nullopt;
  }
  if (!lexer.take('=') || !skip(lexer)) {
    return std::nullopt;
  }
  const auto outcome = lexer.take_token();
  if (!outcome || !skip(lexer)) {
    return std::nullopt;
  }
  AuthenticationResult result{.method = to_lower(*method), .result = to_lower(*outcome)};
  if (!take_reason(lexer, result)) {
    return std::nullopt;
  }
  while (!lexer.at_end() && lexer.peek() != ';') {
    auto property = take_property(lexer);
    if (!property || !skip(lexer) || result.properties.size() == max_authentication_properties) {
      return std::nullopt;
    }
    result.properties.push_back(std::move(*property));
  }
  return result;
}

// ";" [CFWS] "none", and nothing else.
bool takes_none(Lexer lexer) {
  const auto word = lexer.take_token();
  return word && equals_ignoring_case(*word, "none") && skip(lexer) && lexer.at_end();
}

bool is_token_char(char c) {
  return c > 0x20 && c < 0x7F &&
         std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
}

std::string printable(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + '"';
}

std::string encode_value(std::string_view text) {
  const bool is_token = !text.empty() && std::ranges::all_of(text, is_token_char);
  return is_token ? std::string(text) : quoted(text);
}

// A token, or [ local-part ] "@" domain as it is (RFC 8601 2.2).
std::string encode_pvalue(std::string_view value) {
  std::string text = printable(value);
  const std::size_t at = text.rfind('@');
  const std::string_view view = text;
  if (at == std::string::npos || !is_dot_atom(view.substr(at + 1)) ||
      (at > 0 && !is_dot_atom(view.substr(0, at)))) {
    return encode_value(text);
  }
  return text;
}

// In parentheses; those inside, and the backslash, are escaped.
std::string encode_comment(std::string_view text) {
  std::string out = "(";
  for (const char c : printable(text)) {
    if (c == '(' || c == ')' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + ')';
}

}  // namespace

std::optional<AuthenticationResults> parse_authentication_results(std::string_view value) {
  Lexer lexer(value);
  AuthenticationResults parsed;
  if (!skip(lexer)) {
    return std::nullopt;
  }
  auto id = take_value(lexer);
  if (!id || !skip(lexer)) {
    return std::nullopt;
  }
  parsed.authserv_id = std::move(*id);
  if (const auto version = lexer.take_token()) {
    if (parse_decimal(*version) != known_version || !skip(lexer)) {
      return std::nullopt;
    }
  }
  while (!lexer.at_end()) {
    if (!lexer.take(';') || !skip(lexer)) {
      return std::nullopt;
    }
    if (lexer.at_end() || (parsed.results.empty() && takes_none(lexer))) {
      return parsed;  // many end in ";"
    }
    auto result = take_result(lexer);
    if (!result || parsed.results.size() == max_authentication_results) {
      return std::nullopt;
    }
    parsed.results.push_back(std::move(*result));
  }
  return parsed;
}

std::string encode_authentication_results(const AuthenticationResults& results) {
  std::string out = encode_value(results.authserv_id);
  if (results.results.empty()) {
    return out + "; none";
  }
  for (const AuthenticationResult& result : results.results) {
    out += fmt::format(";\r\n\t{}={}", encode_value(result.method), encode_value(result.result));
    if (!result.comment.empty()) {
      out += ' ' + encode_comment(result.comment);
    }
    if (!result.reason.empty()) {
      out += " reason=" + quoted(result.reason);
    }
    for (const AuthenticationProperty& property : result.properties) {
      const std::string text =
          fmt::format("{}.{}={}", encode_value(property.type), encode_value(property.name),
                      encode_pvalue(property.value));
      const std::size_t column = out.size() - out.rfind('\n');
      out += column + text.size() > fold_column ? "\r\n\t " : " ";
      out += text;
    }
  }
  return out;
}

bool claims_authserv_id(std::string_view value, std::string_view authserv_id) {
  Lexer lexer(value);
  if (!skip(lexer)) {
    return true;
  }
  const auto id = take_value(lexer);
  return !id || equals_ignoring_case(*id, authserv_id);
}

std::size_t remove_claimed_results(HeaderEdit& edit, const HeaderSection& section,
                                   std::string_view authserv_id) {
  std::size_t removed = 0;
  for (const HeaderField& field : section.fields()) {
    if (equals_ignoring_case(field.name, field_name) &&
        claims_authserv_id(field.value, authserv_id)) {
      edit.remove(field);
      ++removed;
    }
  }
  return removed;
}

}  // namespace postrider::mime
