#include <array>

#include <postrider/base/text.hpp>
#include <postrider/codec/sasl/mechanism.hpp>

namespace postrider::sasl {
namespace {

constexpr std::array<std::string_view, 4> names = {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN",
                                                   "LOGIN"};

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

}  // namespace postrider::sasl
