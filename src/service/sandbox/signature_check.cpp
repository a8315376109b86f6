#include <fmt/core.h>

#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/body_hasher.hpp>
#include <postrider/codec/dkim/key_record.hpp>
#include <postrider/codec/dkim/signature.hpp>
#include <postrider/codec/dkim/verifier.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/service/sandbox/catching_inbox.hpp>

namespace postrider::sandbox {

namespace {

constexpr std::size_t signatures_max = 10;

engine::Task<Result<dkim::KeyRecord, std::string>> find_key(const dkim::Signature& signature,
                                                            net::Resolver& resolver,
                                                            engine::Until until) {
  const auto name = dkim::key_record_name(signature.selector, signature.domain);
  const auto answer = co_await resolver.lookup(name, dns::RecordType::txt, until);
  if (answer->status != net::DnsStatus::found) {
    co_return failure(
        fmt::format("no key at {}{}{}", name, answer->reason.empty() ? "" : ": ", answer->reason));
  }
  for (const auto& record : answer->records) {
    if (const auto* txt = std::get_if<dns::Txt>(&record.data)) {
      if (auto key = dkim::parse_key_record(txt->text)) {
        co_return std::move(*key);
      }
    }
  }
  co_return failure(fmt::format("what stands at {} is no key", name));
}

engine::Task<SignatureResult> check_one(const mime::HeaderSection& section,
                                        const mime::HeaderField& field, std::string_view body,
                                        net::Resolver& resolver, WallTime now,
                                        engine::Until until) {
  SignatureResult result;
  const auto signature = dkim::parse_signature(field.value);
  if (!signature) {
    result.reason = "the signature field is malformed";
    co_return result;
  }
  result.domain = signature->domain;
  result.selector = signature->selector;
  result.algorithm = signature->algorithm == KeyAlgorithm::rsa ? "rsa-sha256" : "ed25519-sha256";
  const auto key = co_await find_key(*signature, resolver, until);
  if (!key) {
    result.reason = key.error();
    co_return result;
  }
  dkim::BodyHasher hasher(signature->body,
                          signature->body_length.value_or(dkim::BodyHasher::unlimited));
  hasher.update(body);
  dkim::BodyFacts facts{.hash = hasher.finish(), .canonical_octets = 0};
  facts.canonical_octets = hasher.canonical_octets();
  const auto verdict = dkim::verify(section, field, *signature, facts, *key,
                                    static_cast<std::uint64_t>(unix_seconds(now)));
  result.passes = verdict == dkim::Verdict::pass;
  result.reason = result.passes ? std::string() : std::string(dkim::describe(verdict));
  co_return result;
}

}  // namespace

engine::Task<std::vector<SignatureResult>> check_signatures(const std::string& octets,
                                                            net::Resolver& resolver, WallTime now,
                                                            engine::Until until) {
  std::vector<SignatureResult> results;
  const auto section = mime::scan_header(octets);
  if (!section) {
    co_return results;
  }
  const auto body = std::string_view(octets).substr(section->body_offset());
  for (const auto& field : section->fields()) {
    if (results.size() < signatures_max && equals_ignoring_case(field.name, "DKIM-Signature")) {
      results.push_back(co_await check_one(*section, field, body, resolver, now, until));
    }
  }
  co_return results;
}

}  // namespace postrider::sandbox
