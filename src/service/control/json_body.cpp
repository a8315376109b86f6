#include "json_body.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <simdjson.h>

#include <postrider/base/text.hpp>
#include <postrider/base/units.hpp>

namespace postrider::control {

namespace {

Result<JsonBody::Value, std::string> read_value(std::string_view name,
                                                simdjson::dom::element node) {
  if (std::string_view text; node.get(text) == simdjson::SUCCESS) {
    return std::string(text);
  }
  if (bool truth = false; node.get(truth) == simdjson::SUCCESS) {
    return truth;
  }
  if (std::uint64_t number = 0; node.get(number) == simdjson::SUCCESS) {
    return number;
  }
  simdjson::dom::array items;
  if (node.get(items) == simdjson::SUCCESS) {
    std::vector<std::string> list;
    for (const auto item : items) {
      std::string_view text;
      if (item.get(text) != simdjson::SUCCESS) {
        return failure(fmt::format("'{}' must be a list of texts", name));
      }
      list.emplace_back(text);
    }
    return list;
  }
  return failure(
      fmt::format("'{}' must be a text, a number, true, false or a list of texts", name));
}

std::vector<std::string> words(std::string_view text) {
  constexpr std::string_view gaps = " \t\r\n,;";
  std::vector<std::string> out;
  for (std::size_t at = text.find_first_not_of(gaps); at != text.npos;
       at = text.find_first_not_of(gaps, at)) {
    const std::size_t end = std::min(text.find_first_of(gaps, at), text.size());
    out.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

std::optional<bool> parse_truth(std::string_view text) {
  for (const std::string_view yes : {"yes", "true", "1"}) {
    if (equals_ignoring_case(text, yes)) {
      return true;
    }
  }
  for (const std::string_view no : {"no", "false", "0"}) {
    if (equals_ignoring_case(text, no)) {
      return false;
    }
  }
  return std::nullopt;
}

using Kind = BodyMember::Kind;

std::string_view example_of(Kind kind) {
  switch (kind) {
    case Kind::text:
      return "a text";
    case Kind::truth:
      return "true or false";
    case Kind::number:
      return "a number";
    case Kind::size:
      return "a size such as 1000 or \"5GB\"";
    case Kind::list:
      return "a list of texts";
  }
  return "a value";
}

// The value as one of the kind; nullopt: it is none.
std::optional<JsonBody::Value> as_kind(const JsonBody::Value& value, Kind kind) {
  const auto* text = std::get_if<std::string>(&value);
  const auto taken = [](auto parsed) {
    return parsed ? std::optional<JsonBody::Value>(std::move(*parsed)) : std::nullopt;
  };
  switch (kind) {
    case Kind::text:
      return text != nullptr ? std::optional(value) : std::nullopt;
    case Kind::truth:
      return std::holds_alternative<bool>(value) ? std::optional(value)
             : text != nullptr                   ? taken(parse_truth(*text))
                                                 : std::nullopt;
    case Kind::number:
    case Kind::size:
      if (text == nullptr) {
        return std::holds_alternative<std::uint64_t>(value) ? std::optional(value) : std::nullopt;
      }
      return taken(kind == Kind::size ? parse_size(*text) : parse_decimal(*text));
    case Kind::list:
      return text != nullptr ? std::optional<JsonBody::Value>(words(*text))
             : std::holds_alternative<std::vector<std::string>>(value) ? std::optional(value)
                                                                       : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Result<JsonBody, std::string> JsonBody::parse(std::string_view text,
                                              const std::vector<std::string_view>& known) {
  auto body = parse_members(text, known);
  for (const auto& [name, value] : body ? body->members_ : decltype(body->members_){}) {
    if (std::holds_alternative<std::uint64_t>(value)) {
      return failure(fmt::format("'{}' must be a text, true, false or a list of texts", name));
    }
  }
  return body;
}

Result<JsonBody, std::string> JsonBody::parse_members(std::string_view text,
                                                      const std::vector<std::string_view>& known) {
  JsonBody body;
  if (trim_wsp(text).empty()) {
    return body;
  }
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(text);
  simdjson::dom::object object;
  if (const auto error = parser.parse(padded).get(object); error != simdjson::SUCCESS) {
    return failure(fmt::format("the body is not a JSON object ({}): send {{\"name\": ...}}",
                               simdjson::error_message(error)));
  }
  for (const auto [name, node] : object) {
    if (std::ranges::find(known, name) == known.end()) {
      const auto close = nearest(name, known);
      return failure(fmt::format("unknown member '{}'{}", quoted_for_log(name, 40),
                                 close ? fmt::format(": did you mean '{}'?", *close) : ""));
    }
    auto value = read_value(name, node);
    if (!value) {
      return failure(std::move(value.error()));
    }
    body.members_.insert_or_assign(std::string(name), std::move(*value));
  }
  return body;
}

Result<JsonBody, std::string> JsonBody::parse(std::string_view text,
                                              std::span<const BodyMember> known) {
  std::vector<std::string_view> names;
  names.reserve(known.size());
  for (const BodyMember& member : known) {
    names.push_back(member.name);
  }
  auto body = parse_members(text, names);
  if (!body) {
    return body;
  }
  for (const auto& [name, kind] : known) {
    const auto found = body->members_.find(name);
    if (found == body->members_.end()) {
      continue;
    }
    auto value = as_kind(found->second, kind);
    if (!value) {
      return failure(fmt::format("'{}' must be {}", name, example_of(kind)));
    }
    found->second = std::move(*value);
  }
  return body;
}

template <class T>
std::optional<T> JsonBody::get(std::string_view name) const {
  const auto found = members_.find(name);
  if (found == members_.end()) {
    return std::nullopt;
  }
  const auto* value = std::get_if<T>(&found->second);
  return value != nullptr ? std::optional<T>(*value) : std::nullopt;
}

std::optional<std::string> JsonBody::text(std::string_view name) const {
  return get<std::string>(name);
}
std::optional<std::uint64_t> JsonBody::number(std::string_view name) const {
  return get<std::uint64_t>(name);
}
std::optional<bool> JsonBody::truth(std::string_view name) const {
  return get<bool>(name);
}
std::optional<std::vector<std::string>> JsonBody::list(std::string_view name) const {
  return get<std::vector<std::string>>(name);
}

}  // namespace postrider::control
