#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/codec/arc/chain.hpp>
#include <postrider/codec/dkim/body_hasher.hpp>
#include <postrider/codec/dkim/limits.hpp>
#include <postrider/codec/dkim/signature.hpp>
#include <postrider/codec/dkim/verifier.hpp>
#include <postrider/codec/mime/header.hpp>

namespace postrider::policy {

// What a message brings along to be judged by: its signatures, its ARC chain and the hashes of its
// body that they speak of, taken while it arrives. Feed the body in chunks of any size, then
// finish(). In: `section` must outlive this, as must the octets it was scanned from.
// Limits: so many signatures as are asked for, from the top; memory is constant beside them. Cost:
// one SHA-256 for each different form of the body that is signed; mostly that is one.
class Evidence {
 public:
  explicit Evidence(const mime::HeaderSection& section,
                    std::size_t max_signatures = dkim::max_checked_signatures);

  void update(std::string_view body);
  void finish();

  struct SignatureField {
    mime::HeaderField field;
    Result<dkim::Signature, dkim::SignatureError> signature;
  };
  [[nodiscard]] const mime::HeaderSection& section() const { return section_; }
  [[nodiscard]] const std::vector<SignatureField>& signatures() const { return signatures_; }
  // DKIM-Signature fields past the limit.
  [[nodiscard]] std::size_t skipped_signatures() const { return skipped_; }
  [[nodiscard]] const arc::Chain& chain() const { return chain_; }
  // Of one of these signatures, or of the chain's last. Only after finish().
  [[nodiscard]] const dkim::BodyFacts& body_of(const dkim::Signature& signature) const;

 private:
  struct Form {
    dkim::Canonicalization canonicalization{};
    std::uint64_t length = dkim::BodyHasher::unlimited;
    friend bool operator==(const Form&, const Form&) = default;
  };
  struct Hashing {
    Form form;
    dkim::BodyHasher hasher;
    dkim::BodyFacts facts;
  };
  static Form form_of(const dkim::Signature& signature);
  void need(const dkim::Signature& signature);

  const mime::HeaderSection& section_;
  std::vector<SignatureField> signatures_;
  std::size_t skipped_ = 0;
  arc::Chain chain_;
  std::vector<Hashing> hashings_;
};

}  // namespace postrider::policy
