#include "json_body.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <simdjson.h>

#include <postrider/base/text.hpp>

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
  return failure(fmt::format("'{}' must be a text, true, false or a list of texts", name));
}

}  // namespace

Result<JsonBody, std::string> JsonBody::parse(std::string_view text,
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
std::optional<bool> JsonBody::truth(std::string_view name) const {
  return get<bool>(name);
}
std::optional<std::vector<std::string>> JsonBody::list(std::string_view name) const {
  return get<std::vector<std::string>>(name);
}

}  // namespace postrider::control
