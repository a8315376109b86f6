#pragma once

#include "dnssec_rdata.hpp"
#include "halt.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include <postrider/codec/dns/signed_records.hpp>
#include <postrider/codec/dns/validator.hpp>

namespace postrider::dns {

// The work of one answer: checks signatures and hashes names, piece by piece, within limits. It
// remembers what it has done, by the set's address: sets must stay where they are.
class SetChecker {
 public:
  explicit SetChecker(std::int64_t now_s) : now_s_(now_s) { begin_horizon(); }

  // Gives the next piece of work its share.
  void begin_step();
  // How long what verify() has passed since may be believed.
  void begin_horizon();
  struct Horizon {
    std::int64_t expires_s = 0;       // by TTLs and signatures
    std::int64_t signed_until_s = 0;  // by signatures alone
  };
  [[nodiscard]] Horizon horizon() const { return horizon_; }
  void set_horizon(Horizon horizon) { horizon_ = horizon; }
  void lower_expiry(std::int64_t to_s) { horizon_.expires_s = std::min(horizon_.expires_s, to_s); }

  // A signature of the zone at `apex` over the set that holds (RFC 4035 5.3.1); bogus: none does.
  [[nodiscard]] Outcome<const Rrsig*> verify(const RrSet& set, const WireName& apex,
                                             const std::vector<std::string>& keys);
  [[nodiscard]] Outcome<Sha1Digest> hash(const WireName& name, const Nsec3Parameters& parameters);

  [[nodiscard]] Validator::Effort& effort() { return effort_; }
  [[nodiscard]] std::int64_t now_s() const { return now_s_; }

 private:
  struct Progress {
    enum class State : std::uint8_t { open, good, bad } state = State::open;
    std::size_t signature = 0;  // the next to look at
    std::size_t key = 0;
    unsigned keys_tried = 0;
    std::string reason;  // the first of the reasons why one does not hold
    std::int64_t expires_s = 0;
    std::int64_t signed_until_s = 0;
  };
  [[nodiscard]] std::string why_unfit(const RrSet& set, const Rrsig& rrsig,
                                      const WireName& apex) const;
  [[nodiscard]] Outcome<bool> try_keys(const RrSet& set, const Rrsig& rrsig,
                                       const std::vector<std::string>& keys, Progress& progress);
  [[nodiscard]] Outcome<void> spend_check();
  void settle(const RrSet& set, const Rrsig& rrsig, Progress& progress) const;

  std::int64_t now_s_;
  Horizon horizon_;
  bool may_check_ = true;
  unsigned hashes_left_ = 0;
  Validator::Effort effort_;
  std::unordered_map<const RrSet*, Progress> progress_;
  std::map<std::string, Sha1Digest> hashes_;
};

// "example.org MX".
[[nodiscard]] std::string describe(const RrSet& set);

}  // namespace postrider::dns
