#include "set_checker.hpp"

#include "signature.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <limits>

#include <postrider/base/time.hpp>
#include <postrider/codec/dns/dnssec_limits.hpp>

namespace postrider::dns {

namespace {

// RFC 1982: how far `then` lies after `now`, both modulo 2^32.
std::int64_t seconds_until(std::uint32_t then, std::int64_t now_s) {
  return static_cast<std::int32_t>(then - static_cast<std::uint32_t>(now_s));
}

std::string date_of(std::uint32_t then, std::int64_t now_s) {
  const std::int64_t at_s = now_s + seconds_until(then, now_s);
  return encode_rfc3339(from_unix_millis(at_s * 1000)).substr(0, 19) + "Z";
}

}  // namespace

std::string describe(const RrSet& set) {
  return set.owner.shown() + " " + std::string(describe(set.type));
}

void SetChecker::begin_step() {
  may_check_ = true;
  hashes_left_ = dnssec_limits::nsec3_hashes_per_step;
  ++effort_.steps;
}

void SetChecker::begin_horizon() {
  horizon_ = {.expires_s = now_s_ + dnssec_limits::trust_ttl_max_s,
              .signed_until_s = std::numeric_limits<std::int64_t>::max()};
}

// Why the signature can't be one over the set by this zone, whatever the keys say; empty: it can.
std::string SetChecker::why_unfit(const RrSet& set, const Rrsig& rrsig,
                                  const WireName& apex) const {
  if (rrsig.signer != apex) {
    return fmt::format("{} is signed by {} instead of {}", describe(set), rrsig.signer.shown(),
                       apex.shown());
  }
  if (rrsig.labels > set.owner.signed_labels()) {
    return fmt::format("the signature over {} is for a longer name", describe(set));
  }
  if (!is_supported_algorithm(rrsig.algorithm)) {
    return fmt::format("{} is signed with algorithm {} only, which is not supported", describe(set),
                       rrsig.algorithm);
  }
  if (seconds_until(rrsig.expiration, now_s_) < -dnssec_limits::clock_skew_s) {
    return fmt::format("the signature over {} expired at {}", describe(set),
                       date_of(rrsig.expiration, now_s_));
  }
  if (seconds_until(rrsig.inception, now_s_) > dnssec_limits::clock_skew_s) {
    return fmt::format("the signature over {} begins only at {}", describe(set),
                       date_of(rrsig.inception, now_s_));
  }
  return "";
}

Outcome<void> SetChecker::spend_check() {
  if (!may_check_) {
    return halt(Halt::Kind::again, "");
  }
  if (effort_.signature_checks >= dnssec_limits::signature_checks) {
    return halt(Halt::Kind::over_budget,
                fmt::format("more than {} signatures to check", dnssec_limits::signature_checks));
  }
  may_check_ = false;
  ++effort_.signature_checks;
  return {};
}

Outcome<bool> SetChecker::try_keys(const RrSet& set, const Rrsig& rrsig,
                                   const std::vector<std::string>& keys, Progress& progress) {
  for (; progress.key < keys.size(); ++progress.key) {
    const auto key = parse_dnskey(keys[progress.key]);
    if (!key || !key->may_sign_zone() || key->tag != rrsig.key_tag ||
        key->algorithm != rrsig.algorithm) {
      continue;
    }
    if (progress.keys_tried == dnssec_limits::keys_per_signature) {
      return bogus(fmt::format("more than {} keys of {} have the tag {}",
                               dnssec_limits::keys_per_signature, rrsig.signer.shown(),
                               rrsig.key_tag));
    }
    if (auto spent = spend_check(); !spent) {
      return failure(std::move(spent.error()));
    }
    ++progress.keys_tried;
    if (verify_signature(set, rrsig, *key)) {
      return true;
    }
  }
  return false;
}

// RFC 4035 5.3.3: what was signed counts for no longer than the signature says.
void SetChecker::settle(const RrSet& set, const Rrsig& rrsig, Progress& progress) const {
  const std::int64_t ttl_s = std::min(set.ttl, rrsig.original_ttl);
  const std::int64_t left_s = std::max<std::int64_t>(0, seconds_until(rrsig.expiration, now_s_));
  progress.state = Progress::State::good;
  progress.expires_s = now_s_ + std::min(ttl_s, left_s);
  progress.signed_until_s = now_s_ + left_s;
}

Outcome<const Rrsig*> SetChecker::verify(const RrSet& set, const WireName& apex,
                                         const std::vector<std::string>& keys) {
  Progress& progress = progress_[&set];
  const auto refuse = [&progress](std::string reason) {
    progress.state = Progress::State::bad;
    progress.reason = std::move(reason);
    return bogus(progress.reason);
  };
  if (progress.state == Progress::State::bad) {
    return bogus(progress.reason);
  }
  if (set.rdatas.size() > dnssec_limits::records_per_set) {
    return refuse(fmt::format("{} records at {}, more than {}", set.rdatas.size(), describe(set),
                              dnssec_limits::records_per_set));
  }
  const std::size_t signatures = std::min(set.signatures.size(), dnssec_limits::signatures_per_set);
  while (progress.state == Progress::State::open && progress.signature < signatures) {
    const Rrsig& rrsig = set.signatures[progress.signature];
    std::string reason = why_unfit(set, rrsig, apex);
    if (reason.empty()) {
      auto holds = try_keys(set, rrsig, keys, progress);
      if (!holds) {
        return holds.error().kind == Halt::Kind::bogus
                   ? refuse(std::move(holds.error().reason))
                   : std::unexpected<Halt>(std::move(holds.error()));
      }
      if (*holds) {
        settle(set, rrsig, progress);
        break;
      }
      reason = progress.keys_tried == 0
                   ? fmt::format("{} is signed with the key {}, which {} does not have",
                                 describe(set), rrsig.key_tag, apex.shown())
                   : fmt::format("the signature over {} by the key {} of {} is wrong",
                                 describe(set), rrsig.key_tag, apex.shown());
    }
    progress.reason = progress.reason.empty() ? std::move(reason) : std::move(progress.reason);
    ++progress.signature;
    progress.key = 0;
    progress.keys_tried = 0;
  }
  if (progress.state != Progress::State::good) {
    return refuse(progress.reason.empty() ? "no signature over " + describe(set)
                                          : std::move(progress.reason));
  }
  lower_expiry(progress.expires_s);
  horizon_.signed_until_s = std::min(horizon_.signed_until_s, progress.signed_until_s);
  return &set.signatures[progress.signature];
}

Outcome<Sha1Digest> SetChecker::hash(const WireName& name, const Nsec3Parameters& parameters) {
  std::string key = std::to_string(parameters.iterations) + " " +
                    std::to_string(parameters.salt.size()) + " " + parameters.salt + name.octets();
  if (const auto known = hashes_.find(key); known != hashes_.end()) {
    return known->second;
  }
  if (hashes_left_ == 0) {
    return halt(Halt::Kind::again, "");
  }
  if (effort_.nsec3_hashes >= dnssec_limits::nsec3_hashes) {
    return halt(Halt::Kind::over_budget,
                fmt::format("more than {} names to hash", dnssec_limits::nsec3_hashes));
  }
  --hashes_left_;
  ++effort_.nsec3_hashes;
  return hashes_.emplace(std::move(key), nsec3_hash(name, parameters)).first->second;
}

}  // namespace postrider::dns
