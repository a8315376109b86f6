#include "config_options.hpp"
#include "config_values.hpp"

#include <algorithm>
#include <array>

// The options of logins with access tokens.
namespace postrider::app {

namespace {

// RFC 6749 3.3: scope-token. An audience may be a URL, with the same octets and more.
std::optional<std::string> parse_word(std::string_view text) {
  const bool is_word = !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < '\x7f' && c != '"' && c != '\\';
  });
  return is_word ? std::optional<std::string>(text) : std::nullopt;
}

}  // namespace

std::span<const Option<OauthConfig>> oauth_options() {
  static const std::array<Option<OauthConfig>, 10> options{{
      {"introspection", "https URL", "",
       "Where tokens are looked up (RFC 7662). Its certificate is verified by `tls.ca_file`, or "
       "the "
       "system's authorities.",
       parsed(&OauthConfig::introspection, http::parse_https_url, "an https URL",
              "\"https://login.example.org/oauth2/introspect\""),
       true},
      {"client_id", "text", "none",
       "Who asks, by HTTP Basic with the secret. Without it the secret is a bearer token.",
       text(&OauthConfig::client_id)},
      {"secret_file", "path", "", "The first line of this file is the secret.",
       path(&OauthConfig::secret_file), true},
      {"account", "text", "\"username\"",
       "The member of the answer that names the account: \"username\", \"email\", \"sub\" or "
       "another.",
       text(&OauthConfig::account)},
      {"domain", "domain", "none", "Added to that name if it has none.",
       parsed(&OauthConfig::domain, parse_domain, "a domain", "\"example.org\"")},
      {"scope", "list of texts", "[]", "Scopes that a token must have, all of them.",
       list(&OauthConfig::scope, parse_word, "a scope", "[\"mail\"]")},
      {"audience", "text", "any", "Whom a token must be for.",
       parsed(&OauthConfig::audience, parse_word, "an audience", "\"mail.example.org\"")},
      {"configuration", "https URL", "none",
       "Where the provider describes itself (`/.well-known/openid-configuration`): told to clients "
       "whose token is not taken.",
       parsed(
           &OauthConfig::configuration,
           [](std::string_view t) {
             return http::parse_https_url(t) ? std::optional<std::string>(t) : std::nullopt;
           },
           "an https URL", "\"https://login.example.org/.well-known/openid-configuration\"")},
      {"timeout", "duration", "\"10s\"", "How long an answer is waited for.",
       duration(&OauthConfig::timeout)},
      {"cache", "duration", "\"1m\"",
       "How long a token that was good counts without being looked up again, though never beyond "
       "its end: as long does one that was revoked. \"0s\": not at all.",
       duration(&OauthConfig::cache)},
  }};
  return options;
}

bool is_same(const OauthConfig& a, const OauthConfig& b) {
  return (a.line == 0) == (b.line == 0) && a.scope == b.scope && a.configuration == b.configuration;
}

}  // namespace postrider::app
