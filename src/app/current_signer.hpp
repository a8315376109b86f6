#pragma once

#include <memory>
#include <utility>

#include <postrider/flow/signer.hpp>

namespace postrider::app {

// The signer that intake holds on to, while reloads put others behind it. Shard: one core.
class CurrentSigner final : public flow::Signer {
 public:
  void set(std::unique_ptr<flow::Signer> signer) { signer_ = std::move(signer); }
  [[nodiscard]] std::unique_ptr<flow::SigningWork> begin(std::string_view from_domain) override {
    return signer_ ? signer_->begin(from_domain) : nullptr;
  }
  [[nodiscard]] std::unique_ptr<flow::SealingWork> begin_seal(std::string_view domain) override {
    return signer_ ? signer_->begin_seal(domain) : nullptr;
  }

 private:
  std::unique_ptr<flow::Signer> signer_;
};

}  // namespace postrider::app
