#include <utility>
#include <vector>

#include <postrider/service/sandbox/sandbox_signer.hpp>

namespace postrider::sandbox {

std::optional<SandboxKeys> SandboxKeys::generate() {
  constexpr unsigned rsa_bits = 2048;
  auto rsa = SigningKey::generate_rsa(rsa_bits);
  auto ed25519 = SigningKey::generate_ed25519();
  if (!rsa || !ed25519) {
    return std::nullopt;
  }
  return SandboxKeys{std::move(*rsa), std::move(*ed25519)};
}

flow::DkimKeyring& SandboxSigner::ring_of(std::string_view domain) {
  auto found = rings_.find(domain);
  if (found == rings_.end()) {
    if (rings_.size() == domains_max) {
      rings_.clear();
    }
    std::vector<flow::DkimKey> keys;
    keys.push_back({std::string(domain), std::string(rsa_selector), keys_.rsa.clone()});
    keys.push_back({std::string(domain), std::string(ed25519_selector), keys_.ed25519.clone()});
    found = rings_.emplace(domain, std::make_unique<flow::DkimKeyring>(std::move(keys))).first;
  }
  return *found->second;
}

std::unique_ptr<flow::SigningWork> SandboxSigner::begin(std::string_view from_domain) {
  return ring_of(from_domain).begin(from_domain);
}

std::unique_ptr<flow::SealingWork> SandboxSigner::begin_seal(std::string_view domain) {
  return ring_of(domain).begin_seal(domain);
}

}  // namespace postrider::sandbox
