#include "scram_message.hpp"

#include <algorithm>
#include <utility>

#include <postrider/base/base64.hpp>
#include <postrider/base/hmac.hpp>
#include <postrider/base/scram_hash.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/sasl/client_exchange.hpp>
#include <postrider/codec/sasl/prepare.hpp>

namespace postrider::sasl {
namespace {

bool is_scram(Mechanism mechanism) {
  return mechanism == Mechanism::scram_sha_256 || mechanism == Mechanism::scram_sha_256_plus;
}

std::string exclusive_or(std::string_view a, std::string_view b) {
  std::string out(a);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<char>(out[i] ^ b[i]);
  }
  return out;
}

}  // namespace

std::optional<Mechanism> choose_mechanism(const std::vector<std::string>& offered,
                                          const ChannelBindings& bindings, bool password_may_show) {
  for (const Mechanism mechanism : {Mechanism::scram_sha_256_plus, Mechanism::scram_sha_256,
                                    Mechanism::plain, Mechanism::login}) {
    const bool is_offered = std::ranges::any_of(offered, [mechanism](const std::string& name) {
      return equals_ignoring_case(name, name_of(mechanism));
    });
    const bool usable = mechanism == Mechanism::scram_sha_256_plus
                            ? bindings.is_any()
                            : password_may_show || !shows_password(mechanism);
    if (is_offered && usable) {
      return mechanism;
    }
  }
  return std::nullopt;
}

ClientExchange::ClientExchange(Mechanism mechanism, ClientCredentials credentials,
                               ChannelBindings bindings, Random& random)
    : mechanism_(mechanism),
      credentials_(std::move(credentials)),
      bindings_(std::move(bindings)),
      nonce_(make_nonce(random)) {}

Result<std::optional<std::string>, ClientFailure> ClientExchange::start() {
  const auto user = prepare(credentials_.user);
  const auto password = prepare(credentials_.password);
  if (!user || !password || carries_token(mechanism_)) {
    return failure(ClientFailure::bad_credentials);
  }
  credentials_ = {*user, *password};
  if (mechanism_ == Mechanism::plain) {
    stage_ = Stage::over;
    return std::string(1, '\0') + *user + '\0' + *password;
  }
  if (mechanism_ == Mechanism::login) {
    stage_ = Stage::login_name;
    return std::optional<std::string>();
  }
  if (mechanism_ == Mechanism::scram_sha_256_plus) {
    const bool exporter = bindings_.tls_exporter.has_value();
    gs2_header_ = exporter ? "p=tls-exporter,," : "p=tls-server-end-point,,";
    bound_ = exporter ? *bindings_.tls_exporter : bindings_.tls_server_end_point.value_or("");
  } else {
    // "y": we could bind and the server did not offer it, which it can then contradict.
    gs2_header_ = bindings_.is_any() ? "y,," : "n,,";
  }
  first_bare_ = "n=" + encode_sasl_name(*user) + ",r=" + nonce_;
  stage_ = Stage::first;
  return gs2_header_ + first_bare_;
}

Result<std::string, ClientFailure> ClientExchange::respond(std::string_view challenge) {
  switch (stage_) {
    case Stage::login_name:
      stage_ = Stage::login_password;
      return credentials_.user;
    case Stage::login_password:
      stage_ = Stage::over;
      return credentials_.password;
    case Stage::first:
      return on_server_first(challenge);
    case Stage::final:
      return on_server_final(challenge);
    case Stage::begin:
    case Stage::over:
      break;
  }
  return failure(ClientFailure::malformed);
}

Result<std::string, ClientFailure> ClientExchange::on_server_first(std::string_view challenge) {
  std::string_view rest = challenge;
  const auto nonce = take_attribute(rest, 'r');
  const auto salt_text = nonce ? take_attribute(rest, 's') : std::nullopt;
  const auto count_text = salt_text ? take_attribute(rest, 'i') : std::nullopt;
  const auto salt = salt_text ? decode_base64(*salt_text) : std::nullopt;
  const auto count = count_text ? parse_decimal(*count_text) : std::nullopt;
  if (!salt || salt->empty() || !count || *count == 0 || !is_nonce(*nonce) ||
      !nonce->starts_with(nonce_) || nonce->size() == nonce_.size()) {
    return failure(ClientFailure::malformed);
  }
  if (*count > scram_iterations_limit) {
    return failure(ClientFailure::too_costly);
  }
  const std::string without_proof =
      "c=" + encode_base64(gs2_header_ + bound_) + ",r=" + std::string(*nonce);
  const std::string auth_message = first_bare_ + ',' + std::string(challenge) + ',' + without_proof;
  const Sha256Digest salted =
      pbkdf2_hmac_sha256(credentials_.password, *salt, static_cast<std::uint32_t>(*count));
  const Sha256Digest client_key = hmac_sha256(salted.view(), "Client Key");
  const Sha256Digest signature = hmac_sha256(sha256(client_key.view()).view(), auth_message);
  server_signature_ = hmac_sha256(hmac_sha256(salted.view(), "Server Key").view(), auth_message);
  stage_ = Stage::final;
  return without_proof + ",p=" + encode_base64(exclusive_or(client_key.view(), signature.view()));
}

Result<std::string, ClientFailure> ClientExchange::on_server_final(std::string_view challenge) {
  const auto value = take_attribute(challenge, 'v');
  const auto signature = value ? decode_base64(*value) : std::nullopt;
  if (!signature) {
    return failure(ClientFailure::malformed);
  }
  if (!constant_time_equal(*signature, server_signature_.view())) {
    return failure(ClientFailure::bad_server);
  }
  stage_ = Stage::over;
  return std::string();
}

bool ClientExchange::may_succeed() const {
  return !is_scram(mechanism_) || stage_ == Stage::over;
}

}  // namespace postrider::sasl
