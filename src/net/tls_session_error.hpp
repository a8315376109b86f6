#pragma once

#include "tls_library.hpp"

#include <postrider/net/tls_error.hpp>

namespace postrider::net {

// Why a call on this session of the library failed, in words for the log.
[[nodiscard]] TlsError session_error(WOLFSSL* session, int code);

}  // namespace postrider::net
