#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <postrider/codec/mime/header.hpp>
#include <postrider/flow/onward_message.hpp>
#include <postrider/flow/signer.hpp>

namespace postrider::flow {

// What the next hand can check about a message that is sent on: the ARC set (RFC 8617) with what we
// found out when it came in, and for a post the list's own DKIM signature (RFC 6377), which
// stands under the seal.
class OnwardSeal {
 public:
  // `head`: the message as it will be sent, its header whole, as far as it is at hand. Outlives the
  // seal, unchanged.
  OnwardSeal(Signer& signer, const Onward& onward, const OnwardFacts& facts, std::string_view head);

  // Whether the rest of the body is wanted.
  [[nodiscard]] bool is_wanted() const { return sealing_ || signing_; }
  void update(std::string_view body);
  // Fields for the top.
  [[nodiscard]] std::string finish();

 private:
  std::string_view header_;
  WallTime now_;
  SealFacts found_;
  std::unique_ptr<SealingWork> sealing_;
  std::unique_ptr<SigningWork> signing_;
};

}  // namespace postrider::flow
