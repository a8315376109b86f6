#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/signing_key.hpp>
#include <postrider/codec/arc/chain.hpp>
#include <postrider/codec/dmarc/evaluator.hpp>
#include <postrider/codec/mime/authentication_results.hpp>
#include <postrider/codec/spf/evaluator.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/evidence.hpp>
#include <postrider/policy/public_suffix.hpp>

namespace postrider::policy {

struct SenderAuthSettings {
  std::string authserv_id;  // our name in Authentication-Results; also %{r} of SPF
  // nullptr: organizational domains by RFC 9989's tree walk; else by this list (RFC 7489). Outlives
  // the judgement.
  const PublicSuffixList* public_suffixes = nullptr;
};

// What SMTP said beside the message.
struct SenderAuthRequest {
  std::optional<IpAddress> ip;  // of the client; nullopt: not known, and SPF is not checked
  std::string helo;             // empty: not known
  std::string mail_from;        // without brackets; empty: the null reverse-path
};

// RFC 8601 2.7.1.
enum class DkimResult : std::uint8_t { pass, fail, neutral, permerror, temperror };
[[nodiscard]] std::string_view name_of(DkimResult result);

// One signature.
struct DkimJudgement {
  DkimResult result = DkimResult::neutral;
  std::string reason;  // one line for people
  // What follows is empty if the signature can't be read.
  std::string domain;                 // d=
  std::string selector;               // s=
  std::string identity;               // i=
  std::string algorithm;              // a=
  std::string signature_begin;        // of b=, to tell signatures apart (RFC 6008 4)
  bool testing = false;               // the key says t=y
  std::uint64_t unsigned_octets = 0;  // of the body, past l=: anybody may have added them
};

struct SenderAuthResult {
  // nullopt: not checked, since the client's address or that name is not known.
  std::optional<spf::Outcome> spf_helo;
  std::optional<spf::Outcome> spf_mail_from;
  std::vector<DkimJudgement> dkim;  // in the order of the fields
  std::size_t skipped_signatures = 0;
  arc::Outcome arc;
  dmarc::Outcome dmarc;
};

// SPF of HELO and of the reverse-path, each signature, the ARC chain, and DMARC on top: what is
// known of who sent a message. Always ends by `until`: what DNS has not said by then is a
// temperror, never a fail. In: `resolver`, `reactor` and `evidence` (finished) outlive the task.
// Limits: those of the codecs; the keys of signatures and seals are looked up at once. Cost: a
// heavy step of the reactor for each signature and for the chain.
[[nodiscard]] engine::Task<SenderAuthResult> judge_sender(
    net::Resolver& resolver, engine::Reactor& reactor, const Evidence& evidence,
    SenderAuthSettings settings, SenderAuthRequest request, engine::Until until);

// The signatures alone, in the order of the fields; as judge_sender() has them.
[[nodiscard]] engine::Task<std::vector<DkimJudgement>> judge_signatures(net::Resolver& resolver,
                                                                        engine::Reactor& reactor,
                                                                        const Evidence& evidence,
                                                                        engine::Until until);

// The one domain in From, in A-labels and lower case; nullopt: none, several, or no address (RFC
// 9989 5.3.1).
[[nodiscard]] std::optional<std::string> author_domain(const mime::HeaderSection& section);

// As mail clients and filters read it (RFC 8601), and as ARC seals it.
[[nodiscard]] mime::AuthenticationResults to_authentication_results(
    const SenderAuthResult& result, const SenderAuthRequest& request, std::string_view authserv_id);

}  // namespace postrider::policy
