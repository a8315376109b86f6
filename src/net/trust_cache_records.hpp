#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postrider/codec/dns/trust_cache.hpp>

namespace postrider::net {

// Validated keys and cuts as further records of a DnsCachePort, behind those of encode_cache(), and
// back: each side passes over the other's. What has expired and what is bogus is left out. Any
// thread.
//
//   record = 16:u8 kind:u8 expires_s:i64 name reason key*
//   name: a WireName; reason, key: a length (u16) and as many octets
[[nodiscard]] std::vector<std::string> encode_cuts(const std::vector<dns::SharedCut>& cuts,
                                                   std::int64_t now_s);
[[nodiscard]] std::vector<dns::SharedCut> decode_cuts(const std::vector<std::string>& records,
                                                      std::int64_t now_s);

}  // namespace postrider::net
