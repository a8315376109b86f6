#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/signing_key.hpp>
#include <postrider/flow/signer.hpp>

namespace postrider::flow {

struct DkimKey {
  std::string domain;    // d=: lower case, A-labels
  std::string selector;  // s=
  SigningKey key;
};

// Signs with every key of the From's domain, else with those of the nearest domain above it (which
// DMARC's relaxed alignment accepts). RSA and Ed25519 keys side by side: RFC 8463 3.
// Shard: one instance a core, from clones of the keys.
class DkimKeyring final : public Signer {
 public:
  explicit DkimKeyring(std::vector<DkimKey> keys);
  ~DkimKeyring() override;
  [[nodiscard]] std::unique_ptr<SigningWork> begin(std::string_view from_domain) override;
  // With one of the same keys: the first RSA key, which every verifier knows.
  [[nodiscard]] std::unique_ptr<SealingWork> begin_seal(std::string_view domain) override;
  // The same keys for another core.
  [[nodiscard]] std::vector<DkimKey> clone_keys() const;

 private:
  // Shared with the messages that are being signed, so that a reload does not pull the keys away
  // under them.
  using Keys = std::shared_ptr<const std::vector<DkimKey>>;
  [[nodiscard]] Keys keys_of(std::string_view domain) const;

  std::map<std::string, Keys, std::less<>> by_domain_;
};

}  // namespace postrider::flow
