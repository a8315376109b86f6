#pragma once

#include <postrider/codec/smtp/reply.hpp>
#include <postrider/flow/intake.hpp>

namespace postrider::smtp {

// What a peer hears when its message was not taken.
[[nodiscard]] Reply reply_for(const flow::IntakeError& error);

}  // namespace postrider::smtp
