#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/signing_key.hpp>
#include <postrider/codec/dkim/signature.hpp>
#include <postrider/codec/dkim/verifier.hpp>
#include <postrider/codec/mime/header.hpp>

namespace postrider::arc {

// RFC 8617 4.2.1, 5.2: the highest instance.
inline constexpr unsigned max_sets = 50;

enum class Status : std::uint8_t {
  none,       // no ARC field
  pass,       // each hand that the message went through is known, and what it said is as it said it
  fail,       // broken, for good
  temperror,  // a key could not be looked up: try again later
};
[[nodiscard]] std::string_view name_of(Status status);

// An ARC-Seal as a value (RFC 8617 4.1.3).
struct Seal {
  KeyAlgorithm algorithm = KeyAlgorithm::rsa;
  std::string domain;                      // d=
  std::string selector;                    // s=
  Status chain = Status::none;             // cv=
  std::string signature;                   // b=, decoded
  std::optional<std::uint64_t> timestamp;  // t=
};

// One hand. The fields look into the section that was read.
struct Set {
  mime::HeaderField results_field;
  mime::HeaderField signature_field;
  mime::HeaderField seal_field;
  std::string_view results;  // what was found out, as in Authentication-Results
  dkim::Signature signature;
  Seal seal;
};

// The chain of a message; sets[n] is instance n + 1.
struct Chain {
  std::vector<Set> sets;  // empty if it is defective
  std::string defect;     // why the fields make no chain, for people; empty: they do
  unsigned highest_instance = 0;
  bool ended = false;  // a seal says cv=fail: nobody may add another (RFC 8617 5.1)
  [[nodiscard]] bool is_there() const { return !sets.empty() || !defect.empty(); }
};

// Out: valid as long as the octets that were scanned. Cost: the header once.
[[nodiscard]] Chain read_chain(const mime::HeaderSection& section);

// What is published where a key should be. Several records at one name: the driver gives the first
// that is a key.
struct KeyAnswer {
  enum class Status : std::uint8_t { found, nothing, failed } status = Status::failed;
  std::string text;
};
// By dkim::key_record_name().
using Keys = std::map<std::string, KeyAnswer>;

// The names of the keys that validation needs, each once; none if the chain can't pass anyhow.
[[nodiscard]] std::vector<std::string> key_names(const Chain& chain);

struct Outcome {
  Status status = Status::none;
  std::string reason;     // one line for people
  unsigned instance = 0;  // where it broke; 0: nowhere
};

// RFC 8617 5.2. `body`: of the last set's signature, if there is one; `keys`: an answer for each of
// key_names(); `now` in seconds since 1970.
[[nodiscard]] Outcome validate(const mime::HeaderSection& section, const Chain& chain,
                               const dkim::BodyFacts& body, const Keys& keys, std::uint64_t now);

}  // namespace postrider::arc
