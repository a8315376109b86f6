#include "codec/dns/dnssec_rdata.hpp"
#include "codec/dns/signature.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/dns/dnssec_limits.hpp>
#include <postrider/codec/dns/message.hpp>
#include <postrider/codec/dns/validator.hpp>

using namespace postrider;

namespace {

// Takes the next piece, behind its length in two octets.
std::string_view take(std::string_view& input) {
  if (input.size() < 2) {
    return {};
  }
  const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(input[0])) << 8U |
                           static_cast<unsigned char>(input[1]);
  input.remove_prefix(2);
  const std::string_view piece = input.substr(0, size);
  input.remove_prefix(piece.size());
  return piece;
}

// A response to the question: flags, three counts and what follows the question are the piece's.
Result<dns::Response, dns::MessageError> respond(const dns::Question& question,
                                                 std::string_view piece) {
  constexpr std::size_t flags_and_counts = 8;
  const dns::Query query{.id = 7, .question = question, .edns = dns::Edns{.dnssec_ok = true}};
  std::string message = dns::encode_query(query).value();
  const std::size_t question_end = message.size() - 11;  // before the OPT record
  message.resize(question_end);
  if (piece.size() < flags_and_counts) {
    return failure(dns::MessageError::malformed);
  }
  message[2] = static_cast<char>(0x80U | (static_cast<unsigned char>(piece[0]) & 0x05U));
  message[3] = static_cast<char>(static_cast<unsigned char>(piece[1]) & 0xF3U);
  for (std::size_t i = 2; i < flags_and_counts; ++i) {
    message[4 + i] = piece[i];
  }
  message += piece.substr(flags_and_counts);
  return dns::parse_response(message, query);
}

void read_rdata(std::string_view rdata) {
  (void)dns::parse_rrsig(rdata);
  (void)dns::parse_ds(rdata);
  (void)dns::parse_hash_label(rdata);
  if (const auto nsec = dns::parse_nsec(rdata)) {
    (void)nsec->types.has(dns::RecordType::ds);
  }
  if (const auto nsec3 = dns::parse_nsec3(rdata)) {
    (void)nsec3->types.is_delegation();
  }
  (void)dns::TrustAnchors::parse(rdata);
  const auto key = dns::parse_dnskey(rdata);
  if (key && dns::is_supported_algorithm(key->algorithm)) {
    const dns::RrSet set{.type = dns::RecordType::a, .rdatas = {std::string(rdata)}};
    const dns::Rrsig rrsig{.algorithm = key->algorithm, .signature = std::string(rdata)};
    check(!dns::verify_signature(set, rrsig, *key), "nothing signs itself");
  }
}

}  // namespace

// Input: pieces behind their lengths. The first is RDATA, the second the answer to a question, the
// others the answers to what the validator asks.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  read_rdata(take(input));
  const dns::Question question{.name = "mx.a.test", .type = dns::RecordType::a};
  auto response = respond(question, take(input));
  if (!response) {
    return 0;
  }
  static const dns::TrustAnchors anchors = dns::TrustAnchors::iana();
  dns::TrustCache cache;
  dns::Validator validator(anchors, cache, 1'800'000'000);
  const auto kind = response->evidence.no_such_name      ? dns::Claim::Kind::no_such_name
                    : response->evidence.answers.empty() ? dns::Claim::Kind::no_data
                                                         : dns::Claim::Kind::exists;
  validator.begin(std::move(response->evidence), {{kind, question.name, question.type}});
  for (auto step = validator.advance(); step.kind != dns::Validator::Step::Kind::done;
       step = validator.advance()) {
    check(validator.effort().steps <= dns::dnssec_limits::steps, "a proof ends");
    if (step.kind == dns::Validator::Step::Kind::need) {
      auto supplied = respond(step.need, take(input));
      if (supplied) {
        validator.on_evidence(step.need, std::move(supplied->evidence));
      } else {
        validator.on_failure(step.need, "malformed");
      }
    }
  }
  check(validator.verdict().security != dns::Security::secure, "the root's keys are not ours");
  return 0;
}
