#pragma once

#include "config.hpp"

#include <postrider/engine/real.hpp>
#include <postrider/flow/accounts.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/tls_policy.hpp>
#include <postrider/service/delivery/settings.hpp>
#include <postrider/store/store.hpp>

// From the configuration to what each room takes.
namespace postrider::app {

[[nodiscard]] flow::CredentialKinds credential_kinds(const Config& config);
[[nodiscard]] engine::EngineSettings engine_settings(const Config& config);
[[nodiscard]] store::StoreSettings store_settings(const Config& config);
[[nodiscard]] net::ResolverSettings resolver_settings(const Config& config);
[[nodiscard]] policy::TlsPolicyTable tls_policies(const Config& config);
// Throws std::runtime_error if a route's password can't be read.
[[nodiscard]] policy::RouteTable routes(const Config& config);
[[nodiscard]] delivery::DeliverySettings delivery_settings(const Config& config);

}  // namespace postrider::app
