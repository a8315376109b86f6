#include "judgement.hpp"

#include "header_fixup.hpp"

#include <algorithm>
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

std::string describe(const policy::DnsListing& listing, const IpAddress& client) {
  return client.text() + " is listed by " + listing.zone + " (" + listing.answer +
         (listing.text.empty() ? "" : ": " + listing.text) + ")";
}

// The worst of what the lists ask for; a rejection was spoken at RCPT already.
void add_listings(const Conversation& conversation, policy::InboundVerdict& verdict) {
  for (const policy::DnsListing& listing : conversation.listings) {
    if (listing.action == policy::DnsListAction::junk &&
        verdict.action == policy::InboundAction::accept) {
      verdict.action = policy::InboundAction::junk;
    }
    verdict.reason +=
        (verdict.reason.empty() ? "" : "; ") + describe(listing, conversation.peer.ip);
  }
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

engine::Task<Finding> Judgement::conclude(engine::Reactor& reactor, net::Resolver& resolver,
                                          JudgementRequest request) {
  const Conversation& conversation = *request.conversation;
  evidence_.finish();
  Finding out;
  if (settings_.inbound.spf != policy::Judging::off ||
      settings_.inbound.dmarc != policy::Judging::off) {
    policy::SenderAuthSettings settings;
    settings.authserv_id = authserv_id_of(settings_);
    const policy::SenderAuthRequest asked{conversation.peer.ip, conversation.helo,
                                          request.reverse_path};
    const auto found =
        co_await policy::judge_sender(resolver, reactor, evidence_, settings, asked,
                                      engine::Until{reactor.now() + settings_.judging_limit, {}});
    out.verdict = policy::judge_inbound(found, evidence_, settings_.inbound);
    if (request.is_counted) {
      out.dmarc = policy::dmarc_fact(found, asked, evidence_, settings_.inbound);
    }
    auto results = policy::to_authentication_results(found, asked, settings.authserv_id);
    results.results.push_back(report_client(conversation));
    out.fields.push_back("Authentication-Results: " + mime::encode_authentication_results(results));
  }
  add_listings(conversation, out.verdict);
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
