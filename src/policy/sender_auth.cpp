#include "sender_auth_dns.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <utility>

#include <postrider/base/base64.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/key_record.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/engine/when_all.hpp>
#include <postrider/policy/sender_auth.hpp>

namespace postrider::policy {

namespace {

DkimResult result_of(dkim::Verdict verdict) {
  switch (verdict) {
    case dkim::Verdict::pass:
      return DkimResult::pass;
    case dkim::Verdict::body_hash_mismatch:
    case dkim::Verdict::body_too_short:
    case dkim::Verdict::signature_mismatch:
    case dkim::Verdict::expired:
      return DkimResult::fail;
    case dkim::Verdict::key_revoked:
    case dkim::Verdict::key_mismatch:
    case dkim::Verdict::key_unusable:
    case dkim::Verdict::identity_not_allowed:
      return DkimResult::permerror;
  }
  return DkimResult::permerror;
}

std::string_view describe(dkim::KeyRecordError error) {
  switch (error) {
    case dkim::KeyRecordError::malformed:
      return "the key record breaks the syntax";
    case dkim::KeyRecordError::unsupported_key:
      return "the key is of an unknown kind";
    case dkim::KeyRecordError::unsupported_hash:
      return "the key does not allow SHA-256";
    case dkim::KeyRecordError::unsupported_service:
      return "the key is not for mail";
  }
  return "";
}

std::string key_name(const dkim::Signature& signature) {
  return dkim::key_record_name(signature.selector, signature.domain);
}

DkimJudgement describe(const dkim::Signature& signature) {
  constexpr std::size_t begin_octets = 8;  // RFC 6008 4
  return {.domain = signature.domain,
          .selector = signature.selector,
          .identity = signature.identity,
          .algorithm = signature.algorithm == KeyAlgorithm::rsa ? "rsa-sha256" : "ed25519-sha256",
          .signature_begin = encode_base64(signature.signature).substr(0, begin_octets)};
}

DkimJudgement judge_signature(const Evidence& evidence, const Evidence::SignatureField& field,
                              const arc::Keys& keys, std::uint64_t now) {
  if (!field.signature) {
    // RFC 8601 2.7.1: one is not understood, the other can never be valid.
    const bool is_malformed = field.signature.error() == dkim::SignatureError::malformed;
    return {.result = is_malformed ? DkimResult::neutral : DkimResult::permerror,
            .reason = std::string(dkim::describe(field.signature.error()))};
  }
  const dkim::Signature& signature = *field.signature;
  DkimJudgement judgement = describe(signature);
  const auto finish = [&](DkimResult result, std::string reason) {
    judgement.result = result;
    judgement.reason = std::move(reason);
    return judgement;
  };
  const std::string name = key_name(signature);
  const arc::KeyAnswer& key = keys.at(name);
  if (key.status == arc::KeyAnswer::Status::failed) {
    return finish(DkimResult::temperror, fmt::format("{} could not be looked up", name));
  }
  if (key.status == arc::KeyAnswer::Status::nothing) {
    return finish(DkimResult::permerror, fmt::format("there is no key at {}", name));
  }
  const auto record = dkim::parse_key_record(key.text);
  if (!record) {
    return finish(DkimResult::permerror, std::string(describe(record.error())));
  }
  judgement.testing = record->testing;
  const dkim::BodyFacts& body = evidence.body_of(signature);
  const auto verdict = dkim::verify(evidence.section(), field.field, signature, body, *record, now);
  if (signature.body_length && body.canonical_octets > *signature.body_length) {
    judgement.unsigned_octets = body.canonical_octets - *signature.body_length;
  }
  std::string reason(dkim::describe(verdict));
  if (verdict == dkim::Verdict::pass && judgement.unsigned_octets > 0) {
    reason += fmt::format(", but {} octets of the body are not signed", judgement.unsigned_octets);
  }
  return finish(result_of(verdict), std::move(reason));
}

std::vector<std::string> signature_keys(const Evidence& evidence) {
  std::vector<std::string> names;
  for (const auto& field : evidence.signatures()) {
    if (field.signature) {
      names.push_back(key_name(*field.signature));
    }
  }
  return names;
}

std::vector<std::string> wanted_keys(const Evidence& evidence) {
  std::vector<std::string> names = arc::key_names(evidence.chain());
  std::ranges::move(signature_keys(evidence), std::back_inserter(names));
  return names;
}

std::uint64_t seconds_of(const engine::Reactor& reactor) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, unix_seconds(reactor.wall_now())));
}

engine::Task<std::vector<DkimJudgement>> judge_each(engine::Reactor& reactor,
                                                    const Evidence& evidence,
                                                    const arc::Keys& keys) {
  const std::uint64_t now = seconds_of(reactor);
  std::vector<DkimJudgement> out;
  for (const auto& field : evidence.signatures()) {
    co_await reactor.heavy_step();
    out.push_back(judge_signature(evidence, field, keys, now));
  }
  co_return out;
}

// "joe@bücher.example" with its domain in A-labels.
std::string to_ascii_address(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos
             ? to_ascii_domain(address)
             : std::string(address.substr(0, at + 1)) + to_ascii_domain(address.substr(at + 1));
}

struct SpfResults {
  std::optional<spf::Outcome> helo, mail_from;
};

engine::Task<SpfResults> judge_spf(net::Resolver& resolver, SenderAuthRequest request,
                                   std::string receiver, std::uint64_t now, engine::Until until) {
  SpfResults results;
  if (!request.ip) {
    co_return results;
  }
  const spf::Request helo{.ip = *request.ip,
                          .helo = to_ascii_domain(request.helo),
                          .mail_from = {},
                          .receiver = std::move(receiver),
                          .now = now};
  std::vector<engine::Task<spf::Outcome>> checks;
  if (!request.helo.empty()) {
    checks.push_back(check_spf(resolver, helo, until));
  }
  if (!request.mail_from.empty()) {
    spf::Request mail_from = helo;
    mail_from.mail_from = to_ascii_address(request.mail_from);
    checks.push_back(check_spf(resolver, std::move(mail_from), until));
  }
  auto outcomes = co_await engine::when_all(std::move(checks));
  if (!request.mail_from.empty()) {
    results.mail_from = std::move(outcomes.back());
    outcomes.pop_back();
  }
  if (!outcomes.empty()) {
    results.helo = std::move(outcomes.front());
  }
  // A null reverse-path is checked as postmaster@HELO (RFC 7208 2.4).
  if (request.mail_from.empty()) {
    results.mail_from = results.helo;
  }
  co_return results;
}

dmarc::Request dmarc_request(const Evidence& evidence, const SenderAuthResult& result,
                             const SenderAuthSettings& settings) {
  dmarc::Request request{.author_domain = author_domain(evidence.section()).value_or(""),
                         .discovery = settings.public_suffixes == nullptr
                                          ? dmarc::Discovery::tree_walk
                                          : dmarc::Discovery::public_suffix};
  if (result.spf_mail_from && result.spf_mail_from->result == spf::Result::pass) {
    request.spf_domain = result.spf_mail_from->domain;
  }
  for (const DkimJudgement& judgement : result.dkim) {
    if (judgement.result == DkimResult::pass) {
      request.dkim_domains.push_back(to_ascii_domain(judgement.domain));
    }
  }
  return request;
}

}  // namespace

std::string_view name_of(DkimResult result) {
  switch (result) {
    case DkimResult::pass:
      return "pass";
    case DkimResult::fail:
      return "fail";
    case DkimResult::neutral:
      return "neutral";
    case DkimResult::permerror:
      return "permerror";
    case DkimResult::temperror:
      return "temperror";
  }
  return "neutral";
}

std::optional<std::string> author_domain(const mime::HeaderSection& section) {
  if (section.count("From") != 1) {
    return std::nullopt;
  }
  const auto list = mime::parse_address_list(section.find("From")->value);
  if (!list) {
    return std::nullopt;
  }
  std::optional<std::string> found;
  for (const mime::Mailbox& mailbox : mime::flatten(*list)) {
    std::string domain = to_lower(to_ascii_domain(mailbox.domain));
    if (domain.empty() || (found && *found != domain)) {
      return std::nullopt;
    }
    found = std::move(domain);
  }
  return found;
}

engine::Task<std::vector<DkimJudgement>> judge_signatures(net::Resolver& resolver,
                                                          engine::Reactor& reactor,
                                                          const Evidence& evidence,
                                                          engine::Until until) {
  const arc::Keys keys = co_await fetch_keys(resolver, signature_keys(evidence), until);
  co_return co_await judge_each(reactor, evidence, keys);
}

engine::Task<SenderAuthResult> judge_sender(net::Resolver& resolver, engine::Reactor& reactor,
                                            const Evidence& evidence, SenderAuthSettings settings,
                                            SenderAuthRequest request, engine::Until until) {
  const std::uint64_t now = seconds_of(reactor);
  auto [spf_results, keys] = co_await engine::when_all(
      judge_spf(resolver, std::move(request), settings.authserv_id, now, until),
      fetch_keys(resolver, wanted_keys(evidence), until));
  SenderAuthResult result{.spf_helo = std::move(spf_results.helo),
                          .spf_mail_from = std::move(spf_results.mail_from),
                          .skipped_signatures = evidence.skipped_signatures()};
  result.dkim = co_await judge_each(reactor, evidence, keys);
  const arc::Chain& chain = evidence.chain();
  if (chain.is_there()) {
    co_await reactor.heavy_step();
  }
  const bool needs_body = !chain.sets.empty() && !chain.ended;
  result.arc = arc::validate(
      evidence.section(), chain,
      needs_body ? evidence.body_of(chain.sets.back().signature) : dkim::BodyFacts{}, keys, now);
  dmarc::Request asked = dmarc_request(evidence, result, settings);
  if (asked.author_domain.empty()) {
    result.dmarc.result = dmarc::Result::permerror;
    result.dmarc.reason = "From does not name one domain";
    co_return result;
  }
  result.dmarc = co_await check_dmarc(resolver, std::move(asked), settings.public_suffixes, until);
  co_return result;
}

}  // namespace postrider::policy
