#include "directory_body.hpp"

#include "routes.hpp"

#include <array>
#include <fmt/core.h>

#include <postrider/base/json.hpp>
#include <postrider/base/scram_hash.hpp>
#include <postrider/base/text.hpp>
#include <postrider/policy/scope.hpp>

namespace postrider::control {

namespace {

using Kind = BodyMember::Kind;

constexpr std::array<std::string_view, 3> kind_names{"alias", "group", "list"};
constexpr std::array<std::string_view, 3> poster_names{"anyone", "members", "named"};

template <class Enum>
Result<std::optional<Enum>, std::string> choose(const JsonBody& body, std::string_view member,
                                                const std::array<std::string_view, 3>& names) {
  const auto given = body.text(member);
  if (!given) {
    return std::optional<Enum>();
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (*given == names[i]) {
      return std::optional(static_cast<Enum>(i));
    }
  }
  return failure(fmt::format("'{}' must be {}, {} or {}", member, names[0], names[1], names[2]));
}

// "HASH SCOPES NAME", as an export writes them.
std::optional<store::AppPassword> parse_app_password(std::string_view text) {
  const auto first = text.find(' ');
  const auto second = first == text.npos ? text.npos : text.find(' ', first + 1);
  if (second == text.npos) {
    return std::nullopt;
  }
  std::vector<std::string> scopes;
  for (const auto word : split(text.substr(first + 1, second - first - 1), ',')) {
    scopes.emplace_back(word);
  }
  const auto bits = policy::parse_scopes(scopes);
  if (!bits) {
    return std::nullopt;
  }
  return store::AppPassword{.name = std::string(text.substr(second + 1)),
                            .password_hash = std::string(text.substr(0, first)),
                            .scram = std::nullopt,
                            .scopes = *bits,
                            .created = {}};
}

std::string encode_app_password(const store::AppPassword& password) {
  std::string scopes;
  for (const auto& name : policy::scope_names(password.scopes)) {
    scopes += (scopes.empty() ? "" : ",") + name;
  }
  return fmt::format("{} {} {}", password.password_hash, scopes, password.name);
}

void write_list(JsonWriter& json, std::string_view name, const std::vector<std::string>& list) {
  json.key(name).begin_array();
  for (const auto& entry : list) {
    json.value(entry);
  }
  json.end_array();
}

void write_secrets(JsonWriter& json, const store::Account& account) {
  json.member("password_hash", account.password_hash);
  json.member("scram", account.scram ? encode_scram_verifier(*account.scram) : std::string());
  json.key("app_password_hashes").begin_array();
  for (const auto& each : account.app_passwords) {
    json.value(encode_app_password(each));
  }
  json.end_array();
}

void write_app_passwords(JsonWriter& json, const store::Account& account) {
  json.key("app_passwords").begin_array();
  for (const auto& each : account.app_passwords) {
    json.begin_object().member("name", each.name);
    write_list(json, "scopes", policy::scope_names(each.scopes));
    json.member("created", encode_rfc3339(each.created)).end_object();
  }
  json.end_array();
}

}  // namespace

std::span<const BodyMember> account_members() {
  static constexpr std::array<BodyMember, 16> members{{{"type", Kind::text},
                                                       {"name", Kind::text},
                                                       {"password", Kind::text},
                                                       {"password_hash", Kind::text},
                                                       {"scram", Kind::text},
                                                       {"app_password_hashes", Kind::list},
                                                       {"tenant", Kind::text},
                                                       {"send_as", Kind::list},
                                                       {"disabled", Kind::truth},
                                                       {"scopes", Kind::list},
                                                       {"quota_bytes", Kind::size},
                                                       {"quota_messages", Kind::number},
                                                       {"messages_per_hour", Kind::number},
                                                       {"forward_to", Kind::list},
                                                       {"keeps_copy", Kind::truth},
                                                       {"created", Kind::text}}};
  return members;
}

std::span<const BodyMember> domain_members() {
  static constexpr std::array<BodyMember, 13> members{{{"type", Kind::text},
                                                       {"name", Kind::text},
                                                       {"tenant", Kind::text},
                                                       {"hosted", Kind::truth},
                                                       {"alias_of", Kind::text},
                                                       {"catch_all", Kind::text},
                                                       {"postmaster", Kind::text},
                                                       {"quota_bytes", Kind::size},
                                                       {"quota_messages", Kind::number},
                                                       {"account_quota_bytes", Kind::size},
                                                       {"account_quota_messages", Kind::number},
                                                       {"message_bytes_max", Kind::size},
                                                       {"created", Kind::text}}};
  return members;
}

std::span<const BodyMember> alias_members() {
  static constexpr std::array<BodyMember, 15> members{{{"type", Kind::text},
                                                       {"address", Kind::text},
                                                       {"name", Kind::text},
                                                       {"kind", Kind::text},
                                                       {"targets", Kind::list},
                                                       {"added", Kind::list},
                                                       {"removed", Kind::list},
                                                       {"posters", Kind::text},
                                                       {"named_posters", Kind::list},
                                                       {"title", Kind::text},
                                                       {"archive_url", Kind::text},
                                                       {"subscribe_url", Kind::text},
                                                       {"unsubscribe_url", Kind::text},
                                                       {"reply_to_list", Kind::truth},
                                                       {"created", Kind::text}}};
  return members;
}

Result<flow::AccountChange, std::string> account_change(const JsonBody& body) {
  flow::AccountChange change{
      .password = body.text("password"),
      .password_hash = body.text("password_hash"),
      .scram = body.text("scram"),
      .tenant = body.text("tenant"),
      .send_as = body.list("send_as"),
      .disabled = body.truth("disabled"),
      .scopes = body.list("scopes"),
      .quota_bytes = body.number("quota_bytes"),
      .quota_messages = body.number("quota_messages"),
      .messages_per_hour = body.number("messages_per_hour"),
      .forward_to = body.list("forward_to"),
      .keeps_copy = body.truth("keeps_copy"),
      .app_passwords = {},
  };
  if (const auto hashes = body.list("app_password_hashes")) {
    change.app_passwords.emplace();
    for (const std::string& text : *hashes) {
      auto password = parse_app_password(text);
      if (!password) {
        return failure(
            "'app_password_hashes' must hold texts such as \"$argon2id$... smtp phone\"");
      }
      change.app_passwords->push_back(std::move(*password));
    }
  }
  return change;
}

flow::DomainChange domain_change(const JsonBody& body) {
  return {.tenant = body.text("tenant"),
          .hosted = body.truth("hosted"),
          .alias_of = body.text("alias_of"),
          .catch_all = body.text("catch_all"),
          .postmaster = body.text("postmaster"),
          .quota_bytes = body.number("quota_bytes"),
          .quota_messages = body.number("quota_messages"),
          .account_quota_bytes = body.number("account_quota_bytes"),
          .account_quota_messages = body.number("account_quota_messages"),
          .message_bytes_max = body.number("message_bytes_max")};
}

Result<flow::AliasChange, std::string> alias_change(const JsonBody& body) {
  const auto kind = choose<store::AliasKind>(body, "kind", kind_names);
  const auto posters = choose<store::Posters>(body, "posters", poster_names);
  if (!kind || !posters) {
    return failure(!kind ? kind.error() : posters.error());
  }
  return flow::AliasChange{.kind = *kind,
                           .targets = body.list("targets"),
                           .added = body.list("added").value_or(std::vector<std::string>{}),
                           .removed = body.list("removed").value_or(std::vector<std::string>{}),
                           .posters = *posters,
                           .named_posters = body.list("named_posters"),
                           .title = body.text("title"),
                           .archive_url = body.text("archive_url"),
                           .subscribe_url = body.text("subscribe_url"),
                           .unsubscribe_url = body.text("unsubscribe_url"),
                           .reply_to_list = body.truth("reply_to_list")};
}

std::string encode_account(const store::Account& account, bool secrets) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  if (secrets) {
    json.member("type", "account");
  }
  json.member("name", account.name).member("tenant", account.tenant);
  write_list(json, "send_as", account.send_as);
  if (secrets) {
    write_secrets(json, account);
  } else {
    json.key("credentials").begin_array();
    if (!account.password_hash.empty()) {
      json.value("argon2id");
    }
    if (account.scram) {
      json.value("scram-sha-256");
    }
    json.end_array();
    write_app_passwords(json, account);
  }
  write_list(json, "scopes", policy::scope_names(account.scopes));
  json.member("quota_bytes", account.quota_bytes);
  json.member("quota_messages", account.quota_messages);
  json.member("messages_per_hour", account.messages_per_hour);
  write_list(json, "forward_to", account.forward_to);
  json.member("keeps_copy", account.keeps_copy).member("disabled", account.disabled);
  json.member("created", encode_rfc3339(account.created));
  if (!secrets) {
    json.member("changed", encode_rfc3339(account.changed));
  }
  json.end_object();
  return out;
}

std::string encode_domain(const store::Domain& domain) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("name", domain.name).member("tenant", domain.tenant);
  json.member("hosted", domain.hosted).member("alias_of", domain.alias_of);
  json.member("catch_all", domain.catch_all).member("postmaster", domain.postmaster);
  json.member("quota_bytes", domain.quota_bytes);
  json.member("quota_messages", domain.quota_messages);
  json.member("account_quota_bytes", domain.account_quota_bytes);
  json.member("account_quota_messages", domain.account_quota_messages);
  json.member("message_bytes_max", domain.message_bytes_max);
  json.member("created", encode_rfc3339(domain.created)).end_object();
  return out;
}

std::string encode_alias(const store::Alias& alias) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("address", alias.address);
  json.member("kind", kind_names.at(static_cast<std::size_t>(alias.kind)));
  write_list(json, "targets", alias.targets);
  json.member("posters", poster_names.at(static_cast<std::size_t>(alias.posters)));
  write_list(json, "named_posters", alias.named_posters);
  json.member("title", alias.title).member("archive_url", alias.archive_url);
  json.member("subscribe_url", alias.subscribe_url);
  json.member("unsubscribe_url", alias.unsubscribe_url);
  json.member("reply_to_list", alias.reply_to_list);
  json.member("created", encode_rfc3339(alias.created)).end_object();
  return out;
}

http::Response account_error_response(const flow::AccountError& error) {
  switch (error.kind) {
    case flow::AccountFailure::bad_name:
    case flow::AccountFailure::bad_password:
    case flow::AccountFailure::bad_value:
      return error_response(400, error.text);
    case flow::AccountFailure::exists:
      return error_response(409, error.text);
    case flow::AccountFailure::not_found:
      return error_response(404, error.text);
    case flow::AccountFailure::store:
      return error_response(503, error.text);
  }
  return error_response(500, error.text);
}

}  // namespace postrider::control
