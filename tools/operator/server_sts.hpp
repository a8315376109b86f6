#pragma once

#include "control_transport.hpp"

#include <optional>
#include <string>

#include <postrider/base/json.hpp>
#include <postrider/base/time.hpp>

namespace postrider::tools {

// The copy of a domain's MTA-STS policy that the running server goes by.
struct ServerSts {
  std::string mode;
  std::string id;
  Duration age{};       // since it was fetched, or found unchanged
  std::string expires;  // RFC 3339
};
// nullopt: it has none. Throws as ControlTransport does.
[[nodiscard]] std::optional<ServerSts> ask_server_sts(ControlTransport& control,
                                                      const std::string& domain);

// "server": an object, or null.
void encode_server_sts(const std::optional<ServerSts>& copy, JsonWriter& json);
[[nodiscard]] std::string describe_server_sts(const ServerSts& copy);

}  // namespace postrider::tools
