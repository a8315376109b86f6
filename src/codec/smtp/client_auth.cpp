#include "client_auth.hpp"

#include <postrider/base/base64.hpp>

namespace postrider::smtp {

namespace {

constexpr std::string_view give_up = "*\r\n";  // RFC 4954 4
// RFC 4954 4: an initial response must fit into the command line; what does not is sent after 334.
constexpr std::size_t initial_octets_max = 480;

}  // namespace

std::unique_ptr<ClientSession::Authentication> ClientSession::Authentication::choose(
    const ClientSettings& settings, const Capabilities& capabilities,
    const sasl::ChannelBindings& bindings, bool password_may_show) {
  if (settings.random == nullptr) {
    return nullptr;
  }
  const auto mechanism = sasl::choose_mechanism(capabilities.auth, bindings, password_may_show);
  return mechanism ? std::make_unique<Authentication>(*mechanism, settings, bindings) : nullptr;
}

std::string ClientSession::Authentication::first_line() {
  const auto initial = exchange.start();
  if (!initial) {
    return {};
  }
  std::string line = "AUTH ";
  line += sasl::name_of(mechanism);
  if (*initial) {
    const std::string encoded = (*initial)->empty() ? "=" : encode_base64(**initial);
    if (encoded.size() > initial_octets_max) {
      late_initial = encoded;
    } else {
      line += ' ' + encoded;
    }
  }
  return line + "\r\n";
}

std::string ClientSession::Authentication::on_challenge(std::string_view base64) {
  if (late_initial) {
    std::string line = *late_initial + "\r\n";
    late_initial.reset();
    return line;
  }
  const auto challenge = decode_base64(base64);
  // LOGIN's challenges are prompts that nobody reads: whatever stands there, the turn counts.
  const auto response = exchange.respond(challenge.value_or(std::string()));
  return response ? encode_base64(*response) + "\r\n" : std::string(give_up);
}

}  // namespace postrider::smtp
