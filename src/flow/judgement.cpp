#include "judgement.hpp"

#include "header_fixup.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <postrider/codec/mime/authentication_results.hpp>
#include <postrider/codec/mime/header_writer.hpp>

namespace postrider::flow {
namespace {

// RFC 8601 2.7.3 and 3.
mime::AuthenticationResult report_client(const Conversation& conversation) {
  mime::AuthenticationResult out{.method = "iprev",
                                 .result = {},
                                 .comment = conversation.client.name,
                                 .reason = {},
                                 .properties = {}};
  switch (conversation.client.status) {
    case policy::ClientNameStatus::confirmed:
      out.result = "pass";
      break;
    case policy::ClientNameStatus::unconfirmed:
      out.result = "fail";
      break;
    case policy::ClientNameStatus::none:
      out.result = "permerror";
      break;
    case policy::ClientNameStatus::unknown:
      out.result = "temperror";
      break;
  }
  out.properties.push_back({"policy", "iprev", conversation.peer.ip.text()});
  return out;
}

// What the lists ask for makes a verdict worse, never milder: what one that vouches for its sender
// undoes is what others list.
void add_listings(const policy::ListVerdict& by_lists, bool is_for_postmaster, Finding& out) {
  policy::InboundVerdict& verdict = out.verdict;
  out.is_vouched_for = by_lists.action == policy::DnsListAction::allow;
  const bool may_refuse = !is_for_postmaster && verdict.action != policy::InboundAction::reject;
  if (by_lists.action == policy::DnsListAction::reject && may_refuse) {
    verdict = {policy::InboundAction::reject, "5.7.1", by_lists.reason};
    return;
  }
  out.is_deferred = by_lists.action == policy::DnsListAction::defer && may_refuse;
  if (by_lists.action == policy::DnsListAction::junk &&
      verdict.action == policy::InboundAction::accept) {
    verdict.action = policy::InboundAction::junk;
  }
  verdict.reason +=
      (verdict.reason.empty() || by_lists.reason.empty() ? "" : "; ") + by_lists.reason;
}

std::string_view name_of(policy::InboundAction action) {
  switch (action) {
    case policy::InboundAction::accept:
      return "tag";
    case policy::InboundAction::junk:
      return "junk";
    case policy::InboundAction::quarantine:
      return "quarantine";
    case policy::InboundAction::reject:
      return "reject";
  }
  return "";
}

}  // namespace

const std::string& authserv_id_of(const IntakeSettings& settings) {
  return settings.authserv_id.empty() ? settings.hostname : settings.authserv_id;
}

std::unique_ptr<Judgement> Judgement::begin(std::string_view header,
                                            const IntakeSettings& settings) {
  mime::HeaderLimits limits;
  limits.max_octets = settings.header_octets_max;
  auto section = mime::scan_header(header, limits);
  return section ? std::unique_ptr<Judgement>(new Judgement(std::move(*section), settings))
                 : nullptr;
}

Judgement::Judgement(mime::HeaderSection section, const IntakeSettings& settings)
    : settings_(settings), section_(std::move(section)), evidence_(section_) {}

bool Judgement::asks_signers(const JudgementRequest& request) {
  return request.lists != nullptr && request.lists->asks_for(policy::NameRole::dkim);
}

// What the lists say of the names in the message, beside what they have said before it.
engine::Task<std::vector<policy::DnsListing>> Judgement::look_up(
    const JudgementRequest& request, const std::vector<policy::DkimJudgement>& signatures,
    engine::Until until) {
  std::vector<policy::ListedName> names;
  if (request.lists->asks_for(policy::NameRole::from)) {
    if (auto author = policy::author_domain(section_)) {
      names.push_back({policy::NameRole::from, *std::move(author)});
    }
  }
  if (asks_signers(request)) {
    for (const policy::DkimJudgement& signature : signatures) {
      if (signature.result == policy::DkimResult::pass) {
        names.push_back({policy::NameRole::dkim, signature.domain});
      }
    }
  }
  if (names.empty()) {
    co_return std::vector<policy::DnsListing>{};
  }
  co_return co_await request.lists->of_names(std::move(names), until);
}

engine::Task<Finding> Judgement::conclude(engine::Reactor& reactor, net::Resolver& resolver,
                                          JudgementRequest request) {
  const Conversation& conversation = *request.conversation;
  evidence_.finish();
  Finding out;
  const engine::Until until{reactor.now() + settings_.judging_limit, {}};
  std::vector<policy::DkimJudgement> signatures;
  if (settings_.inbound.spf != policy::Judging::off ||
      settings_.inbound.dmarc != policy::Judging::off) {
    policy::SenderAuthSettings settings;
    settings.authserv_id = authserv_id_of(settings_);
    const policy::SenderAuthRequest asked{conversation.peer.ip, conversation.helo,
                                          request.reverse_path};
    auto found =
        co_await policy::judge_sender(resolver, reactor, evidence_, settings, asked, until);
    out.verdict = policy::judge_inbound(found, evidence_, settings_.inbound);
    if (request.is_counted) {
      out.dmarc = policy::dmarc_fact(found, asked, evidence_, settings_.inbound);
    }
    if (found.dmarc.result == dmarc::Result::pass) {
      out.proven_domain = found.dmarc.author_domain;
    }
    auto results = policy::to_authentication_results(found, asked, settings.authserv_id);
    results.results.push_back(report_client(conversation));
    out.fields.push_back("Authentication-Results: " + mime::encode_authentication_results(results));
    signatures = std::move(found.dkim);
  } else if (asks_signers(request)) {
    // For lists alone: nothing is written of it.
    signatures = co_await policy::judge_signatures(resolver, reactor, evidence_, until);
  }
  if (request.lists != nullptr && !request.lists->is_empty()) {
    auto listings = conversation.listings;
    std::ranges::move(co_await look_up(request, signatures, until), std::back_inserter(listings));
    add_listings(request.lists->judge(listings), request.is_for_postmaster, out);
  }
  if (!out.verdict.reason.empty()) {
    std::string field;
    mime::HeaderWriter(field, false)
        .unstructured(verdict_field,
                      std::string(name_of(out.verdict.action)) + "; " + out.verdict.reason);
    out.fields.push_back(std::move(field));
  }
  co_return out;
}

}  // namespace postrider::flow
