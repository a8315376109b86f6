#include <array>

#include <postrider/base/text.hpp>
#include <postrider/codec/sasl/mechanism.hpp>

namespace postrider::sasl {
namespace {

constexpr std::array<std::string_view, 6> names = {
    "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"};

}  // namespace

std::string_view name_of(Mechanism mechanism) {
  return names[static_cast<std::size_t>(mechanism)];
}

std::optional<Mechanism> parse_mechanism(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (equals_ignoring_case(names[i], name)) {
      return static_cast<Mechanism>(i);
    }
  }
  return std::nullopt;
}

bool shows_password(Mechanism mechanism) {
  return mechanism == Mechanism::plain || mechanism == Mechanism::login;
}

bool carries_token(Mechanism mechanism) {
  return mechanism == Mechanism::oauthbearer || mechanism == Mechanism::xoauth2;
}

bool is_offered(Mechanism mechanism, MechanismOffer offer) {
  return mechanism == Mechanism::scram_sha_256_plus ? offer.binding
                                                    : offer.tokens || !carries_token(mechanism);
}

std::string list_mechanisms(MechanismOffer offer, std::string_view before, std::string_view after) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (is_offered(static_cast<Mechanism>(i), offer)) {
      out += before;
      out += names[i];
      out += after;
    }
  }
  return out;
}

}  // namespace postrider::sasl
