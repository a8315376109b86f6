#include "account_codec.hpp"

#include "record_seal.hpp"

#include <algorithm>

#include <postrider/base/record_fields.hpp>
#include <postrider/base/text.hpp>

namespace postrider::store {
namespace {

bool read_digest(FieldReader& in, Sha256Digest& digest) {
  const std::string octets = in.text();
  if (octets.size() != digest.octets.size()) {
    return false;
  }
  std::ranges::copy(octets, digest.octets.begin());
  return true;
}

std::optional<ScramVerifier> read_scram(FieldReader& in) {
  ScramVerifier scram;
  scram.salt = in.text();
  scram.iterations = in.number32();
  if (!read_digest(in, scram.stored_key) || !read_digest(in, scram.server_key)) {
    return std::nullopt;
  }
  return scram;
}

// False: it can't be read.
bool read_optional_scram(FieldReader& in, std::optional<ScramVerifier>& scram) {
  if (in.flag()) {
    scram = read_scram(in);
    return scram.has_value();
  }
  return true;
}

void write_optional_scram(FieldWriter& out, const std::optional<ScramVerifier>& scram) {
  out.flag(scram.has_value());
  if (scram) {
    out.text(scram->salt)
        .number(scram->iterations)
        .text(scram->stored_key.view())
        .text(scram->server_key.view());
  }
}

void write_texts(FieldWriter& out, const std::vector<std::string>& texts) {
  out.number(texts.size());
  for (const std::string& text : texts) {
    out.text(text);
  }
}

std::vector<std::string> read_texts(FieldReader& in) {
  std::vector<std::string> texts(in.count());
  for (std::string& text : texts) {
    text = in.text();
  }
  return texts;
}

bool read_app_password(FieldReader& in, AppPassword& password) {
  password.name = in.text();
  password.password_hash = in.text();
  const bool is_sound = read_optional_scram(in, password.scram);
  password.scopes = static_cast<std::uint8_t>(in.number(scopes_all));
  password.created = in.wall_time();
  return is_sound;
}

bool read_account(FieldReader& in, Account& account) {
  account.name = in.text();
  account.tenant = in.text();
  account.password_hash = in.text();
  bool is_sound = read_optional_scram(in, account.scram);
  account.send_as = read_texts(in);
  account.disabled = in.flag();
  account.created = in.wall_time();
  account.changed = in.wall_time();
  account.scopes = static_cast<std::uint8_t>(in.number(scopes_all));
  account.app_passwords.resize(in.count());
  for (AppPassword& password : account.app_passwords) {
    is_sound = read_app_password(in, password) && is_sound;
  }
  account.quota_bytes = in.number();
  account.quota_messages = in.number();
  account.messages_per_hour = in.number();
  account.forward_to = read_texts(in);
  account.keeps_copy = in.flag();
  return is_sound;
}

bool read_domain(FieldReader& in, Domain& domain) {
  domain.name = in.text();
  domain.tenant = in.text();
  domain.created = in.wall_time();
  domain.hosted = in.flag();
  domain.alias_of = in.text();
  domain.catch_all = in.text();
  domain.quota_bytes = in.number();
  domain.account_quota_bytes = in.number();
  domain.account_quota_messages = in.number();
  domain.message_bytes_max = in.number();
  domain.postmaster = in.text();
  // Absent where it is 0, as it was before there was one.
  domain.quota_messages = in.is_at_end() ? 0 : in.number();
  return true;
}

bool read_alias(FieldReader& in, Alias& alias) {
  alias.address = in.text();
  alias.kind = static_cast<AliasKind>(in.number(static_cast<std::uint64_t>(AliasKind::list)));
  alias.targets = read_texts(in);
  alias.posters = static_cast<Posters>(in.number(static_cast<std::uint64_t>(Posters::named)));
  alias.named_posters = read_texts(in);
  alias.title = in.text();
  alias.archive_url = in.text();
  alias.subscribe_url = in.text();
  alias.unsubscribe_url = in.text();
  alias.reply_to_list = in.flag();
  alias.created = in.wall_time();
  alias.changed = in.wall_time();
  return true;
}

}  // namespace

std::string name_key(std::string_view name) {
  return to_lower(name);
}

std::string encode_account(const Account& account) {
  FieldWriter out;
  out.text(account.name).text(account.tenant).text(account.password_hash);
  write_optional_scram(out, account.scram);
  write_texts(out, account.send_as);
  out.flag(account.disabled).wall_time(account.created).wall_time(account.changed);
  out.number(account.scopes).number(account.app_passwords.size());
  for (const AppPassword& password : account.app_passwords) {
    out.text(password.name).text(password.password_hash);
    write_optional_scram(out, password.scram);
    out.number(password.scopes).wall_time(password.created);
  }
  out.number(account.quota_bytes).number(account.quota_messages).number(account.messages_per_hour);
  write_texts(out, account.forward_to);
  out.flag(account.keeps_copy);
  return seal(name_key(account.name), std::move(out));
}

RecordResult<Account> decode_account(std::string_view key, std::string_view value) {
  return decode<Account>(key, value, read_account);
}

std::string encode_domain(const Domain& domain) {
  FieldWriter out;
  out.text(domain.name).text(domain.tenant).wall_time(domain.created);
  out.flag(domain.hosted).text(domain.alias_of).text(domain.catch_all);
  out.number(domain.quota_bytes)
      .number(domain.account_quota_bytes)
      .number(domain.account_quota_messages)
      .number(domain.message_bytes_max)
      .text(domain.postmaster);
  if (domain.quota_messages != 0) {
    out.number(domain.quota_messages);
  }
  return seal(name_key(domain.name), std::move(out));
}

RecordResult<Domain> decode_domain(std::string_view key, std::string_view value) {
  return decode<Domain>(key, value, read_domain);
}

std::string encode_alias(const Alias& alias) {
  FieldWriter out;
  out.text(alias.address).number(static_cast<std::uint64_t>(alias.kind));
  write_texts(out, alias.targets);
  out.number(static_cast<std::uint64_t>(alias.posters));
  write_texts(out, alias.named_posters);
  out.text(alias.title)
      .text(alias.archive_url)
      .text(alias.subscribe_url)
      .text(alias.unsubscribe_url)
      .flag(alias.reply_to_list)
      .wall_time(alias.created)
      .wall_time(alias.changed);
  return seal(name_key(alias.address), std::move(out));
}

RecordResult<Alias> decode_alias(std::string_view key, std::string_view value) {
  return decode<Alias>(key, value, read_alias);
}

}  // namespace postrider::store
