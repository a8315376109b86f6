#include <utility>

#include <postrider/base/base64.hpp>
#include <postrider/codec/sasl/line_exchange.hpp>

namespace postrider::sasl {

LineExchange::Step LineExchange::start(std::optional<std::string_view> initial) {
  if (!initial) {
    return start_decoded(std::nullopt);
  }
  const auto octets =
      *initial == "=" ? std::optional<std::string>(std::string()) : decode_base64(*initial);
  return octets ? start_decoded(*octets) : Step::bad_base64;
}

LineExchange::Step LineExchange::start_decoded(std::optional<std::string_view> octets) {
  return take(exchange_.start(octets ? &*octets : nullptr));
}

LineExchange::Step LineExchange::on_line(std::string_view line) {
  if (line == "*") {
    return Step::cancelled;
  }
  const auto octets = decode_base64(line);
  return octets ? take(exchange_.respond(*octets)) : Step::bad_base64;
}

LineExchange::Step LineExchange::on_verifier(const ScramVerifier& verifier) {
  return take(exchange_.on_verifier(verifier));
}

bool LineExchange::refuse(LoginVerdict verdict) {
  // A client that hears that its token is bad throws it away: not if it is we who can't tell.
  if (!carries_token(exchange_.mechanism()) ||
      (verdict != LoginVerdict::rejected && verdict != LoginVerdict::disabled)) {
    return false;
  }
  verdict_ = verdict;
  challenge_ = encode_base64(exchange_.on_token_refused().octets);
  return true;
}

LineExchange::Step LineExchange::take(ServerStep step) {
  request_ = {};
  request_.mechanism = exchange_.mechanism();
  if (const auto* challenge = std::get_if<SendChallenge>(&step)) {
    challenge_ = encode_base64(challenge->octets);
    return Step::challenge;
  }
  if (auto* password = std::get_if<CheckPassword>(&step)) {
    request_.authcid = std::move(password->authcid);
    request_.authzid = std::move(password->authzid);
    request_.password = std::move(password->password);
    return Step::ask;
  }
  if (auto* verifier = std::get_if<LookUpVerifier>(&step)) {
    request_.authcid = std::move(verifier->authcid);
    return Step::look_up;
  }
  if (auto* proof = std::get_if<ProofHolds>(&step)) {
    request_.authcid = std::move(proof->authcid);
    request_.authzid = std::move(proof->authzid);
    request_.proof_holds = true;
    return Step::ask;
  }
  if (auto* token = std::get_if<CheckToken>(&step)) {
    request_.authzid = std::move(token->authzid);
    request_.token = std::move(token->token);
    return Step::ask;
  }
  auto& failed = std::get<ExchangeFailed>(step);
  if (failed.kind == ServerFailure::mismatch) {
    // A guess like any other: policy counts it and takes its time over it.
    request_.authcid = std::move(failed.authcid);
    return Step::ask;
  }
  if (failed.kind == ServerFailure::token_refused) {
    return Step::concluded;
  }
  return failed.kind == ServerFailure::malformed ? Step::malformed : Step::refused;
}

}  // namespace postrider::sasl
