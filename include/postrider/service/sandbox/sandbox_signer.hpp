#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/signing_key.hpp>
#include <postrider/flow/dkim_keyring.hpp>
#include <postrider/flow/signer.hpp>

namespace postrider::sandbox {

inline constexpr std::string_view rsa_selector = "sandbox-rsa";
inline constexpr std::string_view ed25519_selector = "sandbox-ed";

// The two keys of a sandbox, for whichever domain a developer writes from.
struct SandboxKeys {
  SigningKey rsa;
  SigningKey ed25519;
  // From the kernel's randomness; nullopt: the library refused. Cost: about 100 ms.
  [[nodiscard]] static std::optional<SandboxKeys> generate();
  [[nodiscard]] SandboxKeys clone() const { return {rsa.clone(), ed25519.clone()}; }
};

// Signs for every From domain with both keys, as if its owner had published them. Shard: one a
// core.
class SandboxSigner final : public flow::Signer {
 public:
  explicit SandboxSigner(SandboxKeys keys) : keys_(std::move(keys)) {}
  [[nodiscard]] std::unique_ptr<flow::SigningWork> begin(std::string_view from_domain) override;
  [[nodiscard]] std::unique_ptr<flow::SealingWork> begin_seal(std::string_view domain) override;

 private:
  [[nodiscard]] flow::DkimKeyring& ring_of(std::string_view domain);

  static constexpr std::size_t domains_max = 1000;  // then it begins anew
  SandboxKeys keys_;
  std::map<std::string, std::unique_ptr<flow::DkimKeyring>, std::less<>> rings_;
};

}  // namespace postrider::sandbox
