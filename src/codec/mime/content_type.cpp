#include "lexer.hpp"

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/content_type.hpp>
#include <postrider/codec/mime/limits.hpp>

namespace postrider::mime {

namespace {

bool skip(Lexer& lexer) {
  const auto outcome = lexer.skip_cfws();
  return outcome == Lexer::Cfws::none || outcome == Lexer::Cfws::some;
}

// nullopt: malformed.
std::optional<std::pair<std::string, std::string>> take_parameter(Lexer& lexer) {
  const auto name = lexer.take_token();
  if (!name || !skip(lexer) || !lexer.take('=') || !skip(lexer)) {
    return std::nullopt;
  }
  if (auto quoted = lexer.take_quoted_string()) {
    return std::pair(to_lower(*name), std::move(*quoted));
  }
  const auto value = lexer.take_token();
  if (!value) {
    return std::nullopt;
  }
  return std::pair(to_lower(*name), std::string(*value));
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

Parameters take_parameters(Lexer& lexer) {
  Parameters parameters;
  while (skip(lexer) && lexer.take(';') && skip(lexer) && parameters.size() < max_parameters) {
    if (lexer.peek() == ';' || lexer.at_end()) {
      continue;  // an empty one: many programs end the field in ";"
    }
    auto parameter = take_parameter(lexer);
    if (!parameter) {
      break;
    }
    parameters.push_back(std::move(*parameter));
  }
  return parameters;
}

}  // namespace

std::optional<std::string_view> ContentType::parameter(std::string_view name) const {
  for (const auto& [known, value] : parameters) {
    if (equals_ignoring_case(known, name)) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<ContentType> parse_content_type(std::string_view text) {
  Lexer lexer(text);
  if (!skip(lexer)) {
    return std::nullopt;
  }
  const auto type = lexer.take_token();
  if (!type || !skip(lexer) || !lexer.take('/') || !skip(lexer)) {
    return std::nullopt;
  }
  const auto subtype = lexer.take_token();
  if (!subtype) {
    return std::nullopt;
  }
  return ContentType{to_lower(*type), to_lower(*subtype), take_parameters(lexer)};
}

std::optional<ContentDisposition> parse_content_disposition(std::string_view text) {
  Lexer lexer(text);
  if (!skip(lexer)) {
    return std::nullopt;
  }
  const auto type = lexer.take_token();
  if (!type) {
    return std::nullopt;
  }
  return ContentDisposition{to_lower(*type), take_parameters(lexer)};
}

}  // namespace postrider::mime
