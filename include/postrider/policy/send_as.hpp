#pragma once

#include <string_view>

#include <postrider/policy/authenticator.hpp>

namespace postrider::policy {

// Whether an account may write as this address (reverse-path or header From): its own name, that
// with a "+detail", what send_as lists, "@example.org" there for all of a domain, "*" for anybody
// (a service that others trust to write for them). Compared without case; domains by their
// A-labels. The null reverse-path is everybody's (RFC 5321 4.5.5).
[[nodiscard]] bool may_send_as(const Identity& identity, std::string_view address);

}  // namespace postrider::policy
