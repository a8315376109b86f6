#include "config_options.hpp"
#include "config_values.hpp"

#include <array>

// The options of what comes back to the addresses that mail is sent from.
namespace postrider::app {

namespace {

ValueError read_to(const toml::node& node, BouncesOfConfig& of) {
  const auto given = node.value_exact<std::string>();
  if (given && *given == "sender") {
    of.to = flow::ReturnRule::To::sender;
    return {};
  }
  if (given && *given == "nobody") {
    of.to = flow::ReturnRule::To::nobody;
    return {};
  }
  auto address = given ? parse_mail_address(*given) : std::nullopt;
  if (!address) {
    return expected("\"sender\", \"nobody\" or an address", "\"bounces-desk@example.org\"");
  }
  of.to = flow::ReturnRule::To::address;
  of.reader = *std::move(address);
  return {};
}

}  // namespace

std::span<const Option<BouncesConfig>> bounces_options() {
  static const std::array<Option<BouncesConfig>, 1> options{{
      {"rules", "path", "the built-in ones",
       "A file of rules that sort failures into classes (`postrider bounce --print-rules` prints "
       "the built-in one).",
       path(&BouncesConfig::rules)},
  }};
  return options;
}

std::span<const Option<BouncesOfConfig>> bounces_of_options() {
  static const std::array<Option<BouncesOfConfig>, 3> options{{
      {"domain", "domain", "", "For mail whose envelope sender is in this domain, lists included.",
       parsed(&BouncesOfConfig::domain, parse_domain, "a domain", "\"example.org\""), true},
      {"address", "address", "none",
       "Such mail goes out from a variant of this address, one for each message and recipient "
       "(VERP): bounces@example.org becomes bounces+TOKEN@example.org. Its domain's mail must come "
       "to this server. Without it bounces are known by their envelope id alone (RFC 3461 4.4).",
       parsed(&BouncesOfConfig::address, parse_mail_address, "an address",
              "\"bounces@example.org\"")},
      {"to", "\"sender\", \"nobody\" or address", "\"sender\"",
       "Who gets what comes back, beside its event: who sent the message (the postmaster of the "
       "address's domain where that isn't known), nobody, or somebody.",
       read_to},
  }};
  return options;
}

}  // namespace postrider::app
