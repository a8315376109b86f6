#include "token_message.hpp"

#include "scram_message.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>

namespace postrider::sasl {

namespace {

constexpr char separator = '\x01';

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// RFC 6750 2.1: b64token.
bool is_token(std::string_view text) {
  const std::size_t padding = text.find('=');
  const std::string_view body = text.substr(0, padding);
  const bool is_body = !body.empty() && std::ranges::all_of(body, [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || std::string_view("-._~+/").contains(c);
  });
  return is_body &&
         (padding == text.npos || text.find_first_not_of('=', padding) == std::string_view::npos);
}

// RFC 7628 3.1: VCHAR, SP, HTAB, CR and LF; a user's name may be UTF-8.
bool is_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n') ||
           c == '\x7f';
  });
}

struct Pairs {
  std::optional<std::string_view> user;
  std::optional<std::string_view> auth;
};

// *(key "=" value 01) 01. nullopt: something else, or one of ours stands there twice.
std::optional<Pairs> parse_pairs(std::string_view octets) {
  Pairs out;
  while (!octets.starts_with(separator)) {
    const std::size_t end = octets.find(separator);
    const std::string_view pair = octets.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (end == octets.npos || equals == pair.npos || equals == 0) {
      return std::nullopt;
    }
    const std::string_view key = pair.substr(0, equals);
    const std::string_view value = pair.substr(equals + 1);
    if (!std::ranges::all_of(key, is_letter) || !is_value(value)) {
      return std::nullopt;
    }
    for (auto [name, place] : {std::pair{"user", &out.user}, std::pair{"auth", &out.auth}}) {
      if (equals_ignoring_case(key, name) && std::exchange(*place, value)) {
        return std::nullopt;
      }
    }
    octets.remove_prefix(end + 1);
  }
  return octets.size() == 1 ? std::optional(out) : std::nullopt;
}

// The credentials of an Authorization field. Another scheme than Bearer is none that we know: the
// client is told what is wanted.
Result<TokenMessage, ServerFailure> with_token(std::string authzid, std::string_view credentials) {
  const std::size_t blank = credentials.find(' ');
  const std::string_view token =
      blank == credentials.npos ? std::string_view() : trim_wsp(credentials.substr(blank));
  if (!equals_ignoring_case(credentials.substr(0, blank), "Bearer") || token.empty()) {
    return TokenMessage{std::move(authzid), {}};
  }
  if (!is_token(token)) {
    return failure(ServerFailure::malformed);
  }
  return TokenMessage{std::move(authzid), std::string(token)};
}

}  // namespace

Result<TokenMessage, ServerFailure> parse_oauthbearer(std::string_view octets) {
  const std::size_t flag_end = octets.find(',');
  const std::size_t header_end =
      flag_end == octets.npos ? flag_end : octets.find(',', flag_end + 1);
  if (header_end == octets.npos || !octets.substr(header_end + 1).starts_with(separator)) {
    return failure(ServerFailure::malformed);
  }
  const std::string_view flag = octets.substr(0, flag_end);
  if (flag.starts_with("p=")) {
    return failure(ServerFailure::channel_binding);
  }
  std::string_view zid = octets.substr(flag_end + 1, header_end - flag_end - 1);
  std::string authzid;
  if (!zid.empty()) {
    const auto value = take_attribute(zid, 'a');
    const auto decoded = value ? decode_sasl_name(*value) : std::nullopt;
    if (!decoded || decoded->empty() || !is_value(*decoded)) {
      return failure(ServerFailure::malformed);
    }
    authzid = *decoded;
  }
  const auto pairs = parse_pairs(octets.substr(header_end + 2));
  if (!pairs || (flag != "n" && flag != "y")) {
    return failure(ServerFailure::malformed);
  }
  return with_token(std::move(authzid), pairs->auth.value_or(""));
}

Result<TokenMessage, ServerFailure> parse_xoauth2(std::string_view octets) {
  const auto pairs = parse_pairs(octets);
  if (!pairs || !pairs->user || pairs->user->empty()) {
    return failure(ServerFailure::malformed);
  }
  return with_token(std::string(*pairs->user), pairs->auth.value_or(""));
}

std::string encode_token_refusal(Mechanism mechanism, const TokenHints& hints) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  if (mechanism == Mechanism::xoauth2) {
    json.member("status", "401").member("schemes", "bearer");
  } else {
    json.member("status", "invalid_token");
  }
  if (!hints.scope.empty()) {
    json.member("scope", hints.scope);
  }
  if (!hints.openid_configuration.empty() && mechanism == Mechanism::oauthbearer) {
    json.member("openid-configuration", hints.openid_configuration);
  }
  json.end_object();
  return out;
}

}  // namespace postrider::sasl
