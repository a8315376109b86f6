#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/codec/dns/trust_anchors.hpp>
#include <postrider/codec/dns/wire_name.hpp>

namespace postrider::dns {

// One key that is trusted, or that a zone publishes to be trusted.
struct AnchorKey {
  enum class State : std::uint8_t {
    published,  // trusted, and the zone publishes it
    missing,    // trusted, and the zone does not publish it: not yet, or no more
    fresh,      // published and not trusted yet
    revoked,    // trusted so far, and revoked by its owner (RFC 5011 2.1)
  };
  State state = State::published;
  std::string ds;  // "20326 8 2 E06D..."; SHA-256 but for what the anchors have otherwise
};
[[nodiscard]] std::string_view describe(AnchorKey::State state);

struct AnchorUpdate {
  std::vector<AnchorKey> keys;
  // A file for TrustAnchors::parse() with what is published or missing, and the keys that are
  // fresh; anchors of other zones stay.
  std::string text;
  // Keys are fresh or revoked.
  [[nodiscard]] bool has_news() const;
};

// What becomes of the anchors of `zone` by the DNSKEY set that it publishes, which has been
// validated with them: keys with the SEP flag count. There is no hold-down (RFC 5011 2.4.1): an
// operator sees the digests, and can compare them. Errors: nothing would be left to trust.
[[nodiscard]] Result<AnchorUpdate, std::string> update_anchors(
    const TrustAnchors& present, const WireName& zone, const std::vector<std::string>& dnskeys);

}  // namespace postrider::dns
