#pragma once

#include <postrider/codec/smtp/reply.hpp>
#include <postrider/flow/directory.hpp>

namespace postrider::smtp {

// What RCPT hears of an address that takes no mail now (RFC 5321 4.2.3, RFC 3463).
[[nodiscard]] Reply reply_for(flow::AddressFailure failure);
// An address whose domain is not hosted here.
[[nodiscard]] Reply relay_denied();

}  // namespace postrider::smtp
