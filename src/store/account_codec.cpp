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

bool read_account(FieldReader& in, Account& account) {
  account.name = in.text();
  account.tenant = in.text();
  account.password_hash = in.text();
  if (in.flag()) {
    ScramVerifier scram;
    scram.salt = in.text();
    scram.iterations = in.number32();
    if (!read_digest(in, scram.stored_key) || !read_digest(in, scram.server_key)) {
      return false;
    }
    account.scram = std::move(scram);
  }
  account.send_as.resize(in.count());
  for (std::string& address : account.send_as) {
    address = in.text();
  }
  account.disabled = in.flag();
  account.created = in.wall_time();
  account.changed = in.wall_time();
  return true;
}

}  // namespace

std::string name_key(std::string_view name) {
  return to_lower(name);
}

std::string encode_account(const Account& account) {
  FieldWriter out;
  out.text(account.name).text(account.tenant).text(account.password_hash);
  out.flag(account.scram.has_value());
  if (account.scram) {
    out.text(account.scram->salt)
        .number(account.scram->iterations)
        .text(account.scram->stored_key.view())
        .text(account.scram->server_key.view());
  }
  out.number(account.send_as.size());
  for (const std::string& address : account.send_as) {
    out.text(address);
  }
  out.flag(account.disabled).wall_time(account.created).wall_time(account.changed);
  return seal(name_key(account.name), std::move(out));
}

RecordResult<Account> decode_account(std::string_view key, std::string_view value) {
  return decode<Account>(key, value, read_account);
}

std::string encode_domain(const Domain& domain) {
  FieldWriter out;
  out.text(domain.name).text(domain.tenant).wall_time(domain.created);
  return seal(name_key(domain.name), std::move(out));
}

RecordResult<Domain> decode_domain(std::string_view key, std::string_view value) {
  return decode<Domain>(key, value, [](FieldReader& in, Domain& domain) {
    domain.name = in.text();
    domain.tenant = in.text();
    domain.created = in.wall_time();
    return true;
  });
}

}  // namespace postrider::store
