#include "scram_message.hpp"
#include "token_message.hpp"

#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/base/base64.hpp>
#include <postrider/base/hmac.hpp>
#include <postrider/codec/sasl/prepare.hpp>
#include <postrider/codec/sasl/server_exchange.hpp>

namespace postrider::sasl {

ServerExchange::ServerExchange(Options options, Random& random)
    : options_(std::move(options)), nonce_(make_nonce(random)) {}

ServerStep ServerExchange::fail(ServerFailure kind) {
  stage_ = Stage::over;
  return ExchangeFailed{kind, authcid_};
}

ServerStep ServerExchange::start(const std::string_view* initial) {
  check(stage_ == Stage::begin, "an exchange starts once");
  switch (options_.mechanism) {
    case Mechanism::plain:
      stage_ = Stage::plain_response;
      break;
    case Mechanism::login:
      stage_ = Stage::login_name;
      break;
    case Mechanism::scram_sha_256:
    case Mechanism::scram_sha_256_plus:
      stage_ = Stage::scram_first;
      break;
    case Mechanism::oauthbearer:
    case Mechanism::xoauth2:
      stage_ = Stage::token_first;
      break;
  }
  if (initial != nullptr) {
    return respond(*initial);
  }
  return SendChallenge{options_.mechanism == Mechanism::login ? "Username:" : ""};
}

ServerStep ServerExchange::respond(std::string_view octets) {
  switch (stage_) {
    case Stage::plain_response:
      return on_plain(octets);
    case Stage::login_name:
      return on_login_name(octets);
    case Stage::login_password:
      return on_login_password(octets);
    case Stage::scram_first:
      return on_scram_first(octets);
    case Stage::scram_final:
      return on_scram_final(octets);
    case Stage::scram_acknowledge:
      if (!octets.empty()) {
        return fail(ServerFailure::malformed);
      }
      stage_ = Stage::over;
      return ProofHolds{authcid_, authzid_};
    case Stage::token_first:
      return on_token_first(octets);
    case Stage::token_acknowledge:  // RFC 7628 3.2.3: %x01, or whatever else
      return fail(ServerFailure::token_refused);
    case Stage::begin:
    case Stage::scram_verifier:
    case Stage::token_verdict:
    case Stage::over:
      break;
  }
  check(false, "respond() without a challenge");
  return fail(ServerFailure::malformed);
}

// RFC 4616 2: [authzid] NUL authcid NUL passwd.
ServerStep ServerExchange::on_plain(std::string_view octets) {
  const std::size_t first = octets.find('\0');
  const std::size_t second = first == octets.npos ? first : octets.find('\0', first + 1);
  if (second == octets.npos || octets.find('\0', second + 1) != octets.npos) {
    return fail(ServerFailure::malformed);
  }
  const auto authcid = prepare(octets.substr(first + 1, second - first - 1));
  auto password = prepare(octets.substr(second + 1));
  if (!authcid || !password) {
    return fail(ServerFailure::bad_name);
  }
  stage_ = Stage::over;
  return CheckPassword{*authcid, std::string(octets.substr(0, first)), std::move(*password)};
}

ServerStep ServerExchange::on_login_name(std::string_view octets) {
  const auto authcid = prepare(octets);
  // A name that can't be is found out with the password, so that both are asked in any case.
  authcid_ = authcid.value_or("");
  stage_ = Stage::login_password;
  return SendChallenge{"Password:"};
}

ServerStep ServerExchange::on_login_password(std::string_view octets) {
  auto password = prepare(octets);
  if (!password || authcid_.empty()) {
    return fail(ServerFailure::bad_name);
  }
  stage_ = Stage::over;
  return CheckPassword{authcid_, "", std::move(*password)};
}

const std::string* ServerExchange::binding_named(std::string_view name) const {
  const auto& bindings = options_.bindings;
  if (name == "tls-exporter" && bindings.tls_exporter) {
    return &*bindings.tls_exporter;
  }
  if (name == "tls-server-end-point" && bindings.tls_server_end_point) {
    return &*bindings.tls_server_end_point;
  }
  return nullptr;
}

// RFC 5802 7: gs2-header client-first-message-bare.
ServerStep ServerExchange::on_scram_first(std::string_view octets) {
  const std::size_t flag_end = octets.find(',');
  const std::size_t header_end =
      flag_end == octets.npos ? flag_end : octets.find(',', flag_end + 1);
  if (header_end == octets.npos) {
    return fail(ServerFailure::malformed);
  }
  const std::string_view flag = octets.substr(0, flag_end);
  std::string_view zid = octets.substr(flag_end + 1, header_end - flag_end - 1);
  std::string_view bare = octets.substr(header_end + 1);
  bound_input_ = octets.substr(0, header_end + 1);
  const bool bound = flag.starts_with("p=");
  if (!bound && flag != "n" && flag != "y") {
    return fail(ServerFailure::malformed);
  }
  if (bound != (options_.mechanism == Mechanism::scram_sha_256_plus) ||
      (flag == "y" && options_.plus_offered)) {
    return fail(ServerFailure::channel_binding);
  }
  if (bound) {
    const std::string* data = binding_named(flag.substr(2));
    if (data == nullptr) {
      return fail(ServerFailure::channel_binding);
    }
    bound_input_ += *data;
  }
  auth_message_ = bare;
  if (!zid.empty()) {
    const auto value = take_attribute(zid, 'a');
    const auto decoded = value ? decode_sasl_name(*value) : std::nullopt;
    if (!decoded || decoded->empty()) {
      return fail(ServerFailure::malformed);
    }
    authzid_ = *decoded;
  }
  const auto name = take_attribute(bare, 'n');  // "m=" stands before it: an extension we lack
  const auto nonce = name ? take_attribute(bare, 'r') : std::nullopt;
  const auto decoded = name ? decode_sasl_name(*name) : std::nullopt;
  if (!decoded || !nonce || !is_nonce(*nonce)) {
    return fail(ServerFailure::malformed);
  }
  const auto authcid = prepare(*decoded);
  if (!authcid) {
    return fail(ServerFailure::bad_name);
  }
  authcid_ = *authcid;
  nonce_.insert(0, *nonce);
  stage_ = Stage::scram_verifier;
  return LookUpVerifier{authcid_};
}

ServerStep ServerExchange::on_verifier(const ScramVerifier& verifier) {
  check(stage_ == Stage::scram_verifier, "nobody asked for a verifier");
  verifier_ = verifier;
  stage_ = Stage::scram_final;
  std::string message = "r=" + nonce_ + ",s=" + encode_base64(verifier.salt) +
                        ",i=" + std::to_string(verifier.iterations);
  auth_message_ += ',' + message;
  return SendChallenge{std::move(message)};
}

// RFC 5802 7: c= the channel's input, r= the whole nonce, extensions (ignored), p= the proof.
ServerStep ServerExchange::on_scram_final(std::string_view octets) {
  const std::size_t proof_at = octets.rfind(",p=");
  std::string_view rest = octets.substr(0, proof_at);
  auth_message_ += ',' + std::string(rest);
  const auto channel = take_attribute(rest, 'c');
  const auto nonce = channel ? take_attribute(rest, 'r') : std::nullopt;
  if (proof_at == octets.npos || !nonce) {
    return fail(ServerFailure::malformed);
  }
  const auto proof = decode_base64(octets.substr(proof_at + 3));
  const auto bound = decode_base64(*channel);
  if (!proof || !bound) {
    return fail(ServerFailure::malformed);
  }
  if (!constant_time_equal(*bound, bound_input_)) {
    return fail(ServerFailure::channel_binding);
  }
  if (*nonce != nonce_ || !is_scram_client_proof(verifier_, auth_message_, *proof)) {
    return fail(ServerFailure::mismatch);
  }
  stage_ = Stage::scram_acknowledge;
  const Sha256Digest signature = scram_server_signature(verifier_, auth_message_);
  return SendChallenge{"v=" + encode_base64(signature.view())};
}

ServerStep ServerExchange::on_token_first(std::string_view octets) {
  auto message = options_.mechanism == Mechanism::oauthbearer ? parse_oauthbearer(octets)
                                                              : parse_xoauth2(octets);
  if (!message) {
    return fail(message.error());
  }
  stage_ = Stage::token_verdict;
  if (message->token.empty()) {
    return on_token_refused();
  }
  return CheckToken{std::move(message->authzid), std::move(message->token)};
}

SendChallenge ServerExchange::on_token_refused() {
  check(stage_ == Stage::token_verdict, "nobody asked about a token");
  stage_ = Stage::token_acknowledge;
  return {encode_token_refusal(options_.mechanism, options_.token_hints)};
}

}  // namespace postrider::sasl
