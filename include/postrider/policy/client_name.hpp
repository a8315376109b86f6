#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/ip_address.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::policy {

enum class ClientNameStatus : std::uint8_t {
  confirmed,    // a name of the address leads back to it
  unconfirmed,  // it has names, and none leads back
  none,         // it has no name
  unknown,      // DNS did not say in time
};
[[nodiscard]] std::string_view name_of(ClientNameStatus status);

struct ClientName {
  ClientNameStatus status = ClientNameStatus::unknown;
  std::string name;  // only if confirmed
};

inline constexpr std::size_t client_names_max = 5;  // PTR records that are followed up

// What a client is called by DNS (RFC 8601 3, "iprev"): its PTR names, each looked up again. Always
// ends by `until`. Cost: the resolver's cache, mostly. In: `resolver` outlives the task.
[[nodiscard]] engine::Task<ClientName> name_client(net::Resolver& resolver, IpAddress address,
                                                   engine::Until until);

}  // namespace postrider::policy
