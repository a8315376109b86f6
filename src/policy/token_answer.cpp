// What an introspection endpoint answers (RFC 7662 2.2).
#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <simdjson.h>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/policy/token_introspection.hpp>

namespace postrider::policy {

namespace {

using Object = simdjson::dom::object;

std::unexpected<TokenRefusal> refused(std::string text) {
  return failure(TokenRefusal{TokenFailure::refused, std::move(text)});
}

std::unexpected<TokenRefusal> no_answer(std::string text) {
  return failure(TokenRefusal{TokenFailure::unavailable, std::move(text)});
}

std::optional<std::string_view> text_member(Object object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? std::optional(text) : std::nullopt;
}

// A text of words, or a list of them: `scope` has the first form (RFC 7662 2.2), `aud` has either
// (RFC 7519 4.1.3); some providers list scopes too.
std::vector<std::string> words_member(Object object, std::string_view name, bool splits) {
  std::vector<std::string> words;
  if (const auto text = text_member(object, name)) {
    if (!splits) {
      return {std::string(*text)};
    }
    for (const std::string_view word : split(*text, ' ')) {
      words.emplace_back(word);
    }
    return words;
  }
  simdjson::dom::array items;
  if (object[name].get(items) != simdjson::SUCCESS) {
    return words;
  }
  for (const auto item : items) {
    if (std::string_view word; item.get(word) == simdjson::SUCCESS) {
      words.emplace_back(word);
    }
  }
  return words;
}

// Seconds since 1970 (RFC 7519 2: NumericDate). nullopt: absent. Too large for a time: far away.
Result<std::optional<WallTime>, TokenRefusal> time_member(Object object, std::string_view name) {
  const auto node = object[name];
  if (node.error() != simdjson::SUCCESS || node.is_null()) {
    return std::nullopt;
  }
  constexpr double farthest = 253'402'300'799;  // the end of the year 9999
  double seconds = 0;
  if (node.get(seconds) != simdjson::SUCCESS || !std::isfinite(seconds)) {
    return no_answer(fmt::format("its '{}' is no time", name));
  }
  const double clamped = std::clamp(seconds, 0.0, farthest);
  return from_unix_millis(static_cast<std::int64_t>(clamped * 1000.0));
}

bool is_in(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

std::string account_of(Object object, const TokenDemands& demands) {
  std::string name(text_member(object, demands.account_member).value_or(""));
  if (!name.empty() && !demands.account_domain.empty() && !name.contains('@')) {
    name += '@' + demands.account_domain;
  }
  return name;
}

std::optional<TokenRefusal> judge(Object object, const TokenDemands& demands) {
  const auto no = [](std::string text) {
    return TokenRefusal{TokenFailure::refused, std::move(text)};
  };
  const auto granted = words_member(object, "scope", /*splits=*/true);
  for (const std::string& scope : demands.scopes) {
    if (!is_in(granted, scope)) {
      return no(fmt::format("the token has not the scope {}", scope));
    }
  }
  if (!demands.audience.empty() &&
      !is_in(words_member(object, "aud", /*splits=*/false), demands.audience)) {
    return no(fmt::format("the token is not for {}", demands.audience));
  }
  if (object["cnf"].error() == simdjson::SUCCESS) {
    return no("the token is bound to a key of its client");
  }
  if (demands.account_member == "email") {
    const auto verified = object["email_verified"];
    bool yes = true;
    if (verified.error() == simdjson::SUCCESS && (verified.get(yes) != simdjson::SUCCESS || !yes) &&
        text_member(object, "email_verified") != "true") {
      return no("the provider has not verified the token's email");
    }
  }
  return std::nullopt;
}

}  // namespace

Result<TokenFacts, TokenRefusal> read_introspection(std::string_view body,
                                                    const TokenDemands& demands, WallTime now) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(body);
  Object object;
  if (parser.parse(padded).get(object) != simdjson::SUCCESS) {
    return no_answer("the answer is no JSON object");
  }
  bool active = false;
  if (object["active"].get(active) != simdjson::SUCCESS) {
    return no_answer("the answer does not say whether the token is active");
  }
  if (!active) {
    return refused("the token is not active");
  }
  const auto expires = time_member(object, "exp");
  const auto begins = time_member(object, "nbf");
  if (!expires || !begins) {
    return failure(expires ? begins.error() : expires.error());
  }
  if ((*expires && **expires <= now) || (*begins && **begins > now)) {
    return refused("the token has expired, or is not good yet");
  }
  if (auto wrong = judge(object, demands)) {
    return failure(*std::move(wrong));
  }
  TokenFacts facts{.account = account_of(object, demands), .expires = *expires};
  if (facts.account.empty()) {
    return refused(
        fmt::format("the answer has no '{}' to name the account", demands.account_member));
  }
  return facts;
}

}  // namespace postrider::policy
