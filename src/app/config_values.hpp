#pragma once

#include "config_options.hpp"

#include <fmt/core.h>
#include <initializer_list>
#include <limits>
#include <utility>

#include <postrider/base/text.hpp>

// Readers for the option tables: from a TOML node to a member, with what to say when it does not
// fit.
namespace postrider::app {

[[nodiscard]] inline ValueError expected(std::string_view what, std::string_view example) {
  return {fmt::format("expected {}", what), fmt::format("write it as {}", example)};
}

// Reads a TOML string through `parse` (string_view -> optional<value>) into a member.
template <class Section, class Member, class Parse>
auto parsed(Member Section::* member, Parse parse, std::string_view what,
            std::string_view example) {
  return [=](const toml::node& node, Section& section) -> ValueError {
    const auto text = node.value<std::string_view>();
    if (!node.is_string() || !text) {
      return expected(what, example);
    }
    auto value = parse(*text);
    if (!value) {
      return {fmt::format("'{}' is not {}", quoted_for_log(*text, 80), what),
              fmt::format("write it as {}", example)};
    }
    section.*member = std::move(*value);
    return {};
  };
}

template <class Section>
auto text(std::string Section::* member, std::string_view what = "a text") {
  return parsed(
      member,
      [](std::string_view t) { return t.empty() ? std::nullopt : std::optional<std::string>(t); },
      what, "\"...\", not empty");
}

// Made absolute by the loader, which knows the file's folder.
template <class Section>
auto path(std::filesystem::path Section::* member) {
  return parsed(
      member,
      [](std::string_view t) {
        return t.empty() ? std::nullopt : std::optional<std::filesystem::path>(t);
      },
      "a path", "\"file.pem\", relative to this file");
}

template <class Section>
auto duration(Duration Section::* member) {
  return parsed(member, parse_duration, "a duration", "\"30s\", \"5m\", \"2h\" or \"5d\"");
}

template <class Section>
auto size(std::uint64_t Section::* member) {
  return [member](const toml::node& node, Section& section) -> ValueError {
    if (const auto number = node.value_exact<std::int64_t>(); number && *number >= 0) {
      section.*member = static_cast<std::uint64_t>(*number);
      return {};
    }
    return parsed(member, parse_size, "a size", "\"25MB\" or \"64KiB\"")(node, section);
  };
}

template <class Section>
auto rate(Rate Section::* member) {
  return parsed(member, parse_rate, "a rate", "\"100/s\" or \"1000/h\"");
}

template <class Section>
auto flag(bool Section::* member) {
  return [member](const toml::node& node, Section& section) -> ValueError {
    const auto value = node.value_exact<bool>();
    if (!value) {
      return expected("true or false", "true");
    }
    section.*member = *value;
    return {};
  };
}

template <class Section, class Integer>
auto number(Integer Section::* member, std::int64_t low,
            std::int64_t high = std::numeric_limits<Integer>::max()) {
  return [=](const toml::node& node, Section& section) -> ValueError {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < low || *value > high) {
      return {fmt::format("expected a whole number from {} to {}", low, high),
              "write it without quotes"};
    }
    section.*member = static_cast<Integer>(*value);
    return {};
  };
}

template <class Enum>
using Choices = std::vector<std::pair<std::string_view, Enum>>;

template <class Enum>
ValueError choose(const toml::node& node, const Choices<Enum>& choices, auto take) {
  const auto given = node.value_exact<std::string>();
  std::string all;
  std::vector<std::string_view> names;
  for (const auto& [name, value] : choices) {
    if (given && *given == name) {
      take(value);
      return {};
    }
    all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", name);
    names.push_back(name);
  }
  const auto close = given ? nearest(*given, names) : std::nullopt;
  return {given ? fmt::format("'{}' is not known here", quoted_for_log(*given, 80))
                : std::string("expected a text"),
          close ? fmt::format("did you mean \"{}\"?", *close) : fmt::format("use one of {}", all)};
}

template <class Section, class Member, class Enum>
auto choice(Member Section::* member, Choices<Enum> choices) {
  return [member, choices = std::move(choices)](const toml::node& node,
                                                Section& section) -> ValueError {
    return choose(node, choices, [&](Enum value) { section.*member = value; });
  };
}

// A list, or a single value in its place.
template <class Section, class Item, class Parse>
auto list(std::vector<Item> Section::* member, Parse parse, std::string_view what,
          std::string_view example) {
  return [=](const toml::node& node, Section& section) -> ValueError {
    std::vector<Item> items;
    const auto take = [&](const toml::node& item) -> ValueError {
      const auto given = item.value_exact<std::string>();
      if (!given) {
        return expected(fmt::format("a list of {}", what), example);
      }
      auto value = parse(std::string_view(*given));
      if (!value) {
        return {fmt::format("'{}' is not {}", quoted_for_log(*given, 80), what),
                fmt::format("write it as {}", example)};
      }
      items.push_back(std::move(*value));
      return {};
    };
    if (const auto* array = node.as_array()) {
      for (const auto& item : *array) {
        if (auto wrong = take(item)) {
          return wrong;
        }
      }
    } else if (auto wrong = take(node)) {
      return wrong;
    }
    section.*member = std::move(items);
    return {};
  };
}

}  // namespace postrider::app
