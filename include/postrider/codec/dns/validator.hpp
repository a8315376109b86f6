#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <postrider/codec/dns/message.hpp>
#include <postrider/codec/dns/signed_records.hpp>
#include <postrider/codec/dns/trust_anchors.hpp>
#include <postrider/codec/dns/trust_cache.hpp>

namespace postrider::dns {

// RFC 4035 4.3.
enum class Security : std::uint8_t {
  secure,         // signed all the way from a trust anchor
  insecure,       // proven to lie below a delegation that is not signed
  bogus,          // should be signed, and is not, or wrongly: never use it
  indeterminate,  // no anchor above it, or what decides could not be had
};
[[nodiscard]] std::string_view describe(Security security);
// What rests on both: bogus before indeterminate before insecure before secure.
[[nodiscard]] Security worst(Security a, Security b);

// One thing that a response says and that is to be proven.
struct Claim {
  enum class Kind : std::uint8_t {
    exists,        // the records of the type at the name
    no_data,       // the name exists, the type does not
    no_such_name,  // the name does not exist
  };
  Kind kind{};
  std::string name;  // canonical_name()
  RecordType type{};
  friend bool operator==(const Claim&, const Claim&) = default;
};

struct Verdict {
  Security security = Security::indeterminate;
  std::string reason;  // of all but secure: for people
  // Of indeterminate: a lookup that decides failed, so that the answer may not be used either.
  bool lookup_failed = false;
  // Seconds since 1970: until when it may be believed; signatures and their TTLs end then
  // (RFC 4035 5.3.3).
  std::int64_t expires_s = 0;
  // Likewise by the signatures alone: past it, it is not even good for want of something fresh.
  std::int64_t signed_until_s = 0;
};

// Validates an answer (RFC 4033 to 4035, 5155, 6840, 9276): a state machine that asks for keys and
// DS sets as it walks from a trust anchor down to the zones of the answer.
//
//   validator.begin(response.evidence, claims);
//   for (auto step = validator.advance(); step.kind != done; step = validator.advance())
//     if (step.kind == need) validator.on_evidence(step.need, ...);   // or on_failure()
//
// In: responses to queries with DO and CD from a recursive server, which need not be trusted. Out:
// a verdict over all that was begun: the worst of bogus, indeterminate, insecure and secure.
// Limits: dnssec_limits, over the object's life. Cost: at most one signature check or
// nsec3_hashes_per_step a step. `anchors` and `cache` outlive it.
class Validator {
 public:
  enum class Known : std::uint8_t {
    all,           // what the cache holds counts
    unless_bogus,  // what was found bogus is looked into anew: another server may tell the truth
  };
  Validator(const TrustAnchors& anchors, TrustCache& cache, std::int64_t now_s,
            Known known = Known::all);
  Validator(const Validator&) = delete;
  Validator& operator=(const Validator&) = delete;
  ~Validator();

  // Once for each response that the answer is made of, after the one before is done.
  void begin(Evidence evidence, std::vector<Claim> claims);

  struct Step {
    enum class Kind : std::uint8_t {
      done,   // verdict() says what it is
      again,  // a piece of work is done, more is to do
      need,   // look this up, then on_evidence() or on_failure()
    };
    Kind kind = Kind::done;
    Question need;
  };
  [[nodiscard]] Step advance();
  void on_evidence(const Question& question, Evidence evidence);
  void on_failure(const Question& question, std::string reason);

  [[nodiscard]] const Verdict& verdict() const;

  struct Effort {
    unsigned signature_checks = 0;
    unsigned nsec3_hashes = 0;
    unsigned queries = 0;
    unsigned steps = 0;
  };
  [[nodiscard]] Effort effort() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::dns
