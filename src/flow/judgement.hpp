#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/mime/header.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/flow/intake.hpp>
#include <postrider/flow/list_desk.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/dmarc_report.hpp>
#include <postrider/policy/evidence.hpp>
#include <postrider/policy/inbound_verdict.hpp>

namespace postrider::flow {

// By which our findings are known (RFC 8601 2.5).
[[nodiscard]] const std::string& authserv_id_of(const IntakeSettings& settings);

struct JudgementRequest {
  const Conversation* conversation = nullptr;  // outlives the task
  std::string reverse_path;
  bool is_counted = false;  // what DMARC finds, for who asks
  // Asked for the names in the message; nullptr: none are. Outlives the task.
  ListDesk* lists = nullptr;
  // For postmaster alone: whoever is listed by mistake can say so.
  bool is_for_postmaster = false;
};

struct Finding {
  policy::InboundVerdict verdict;
  std::vector<std::string> fields;         // for the top of the header, the topmost last
  std::optional<policy::DmarcFact> dmarc;  // what its domain's owner wants to hear
  bool is_deferred = false;                // a list wants it later: the verdict says why
  bool is_vouched_for = false;             // by a list
  std::string proven_domain;               // of From, where DMARC passed; empty: it did not
};

// What is gathered of an inbound message while it comes, and what follows from it at its end.
class Judgement {
 public:
  // In: a header section and its blank line, which outlives this and stays where it is. nullptr: it
  // can't be read, and is refused for that.
  [[nodiscard]] static std::unique_ptr<Judgement> begin(std::string_view header,
                                                        const IntakeSettings& settings);
  void update(std::string_view body) { evidence_.update(body); }
  // Once. Always ends, by the settings' limit.
  [[nodiscard]] engine::Task<Finding> conclude(engine::Reactor& reactor, net::Resolver& resolver,
                                               JudgementRequest request);

 private:
  Judgement(mime::HeaderSection section, const IntakeSettings& settings);
  [[nodiscard]] engine::Task<std::vector<policy::DnsListing>> look_up(
      const JudgementRequest& request, const std::vector<policy::DkimJudgement>& signatures,
      engine::Until until);
  [[nodiscard]] static bool asks_signers(const JudgementRequest& request);
  const IntakeSettings& settings_;
  mime::HeaderSection section_;
  policy::Evidence evidence_;
};

}  // namespace postrider::flow
