#include <algorithm>
#include <optional>
#include <utility>

#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/flow/credential_source.hpp>

namespace postrider::flow {
namespace {

std::optional<Sha256Digest> digest_of(const std::string& octets) {
  Sha256Digest out;
  if (octets.size() != out.octets.size()) {
    return std::nullopt;
  }
  std::ranges::copy(octets, out.octets.begin());
  return out;
}

std::optional<ScramVerifier> verifier_of(const std::optional<store::ScramVerifier>& stored) {
  if (!stored || stored->iterations == 0) {
    return std::nullopt;
  }
  const auto stored_key = digest_of(stored->stored_key);
  const auto server_key = digest_of(stored->server_key);
  if (!stored_key || !server_key) {
    return std::nullopt;
  }
  return ScramVerifier{stored->salt, stored->iterations, *stored_key, *server_key};
}

// Accounts are kept under A-labels; people log in as they write their address.
std::string stored_name(std::string name) {
  const std::size_t at = name.rfind('@');
  if (at != name.npos) {
    if (const auto domain = dns::to_a_label(std::string_view(name).substr(at + 1))) {
      name.replace(at + 1, name.npos, *domain);
    }
  }
  return name;
}

}  // namespace

engine::Task<Result<policy::Credentials, policy::CredentialFailure>> StoredCredentials::load(
    std::string name) {
  auto account = co_await accounts_.load_account(stored_name(std::move(name)));
  if (!account) {
    co_return failure(account.error() == store::StoreError::not_found
                          ? policy::CredentialFailure::unknown
                          : policy::CredentialFailure::unavailable);
  }
  policy::Credentials out;
  out.scram = verifier_of(account->scram);
  out.name = std::move(account->name);
  out.tenant = std::move(account->tenant);
  out.password_hash = std::move(account->password_hash);
  out.send_as = std::move(account->send_as);
  out.disabled = account->disabled;
  co_return out;
}

}  // namespace postrider::flow
