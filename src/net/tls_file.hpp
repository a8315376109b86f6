#pragma once

#include <string>

#include <postrider/base/result.hpp>
#include <postrider/net/tls_error.hpp>

namespace postrider::net {

// A whole small file (a certificate, a key, a bundle). Limit: 16 MiB. Blocks: at start and reload
// only.
[[nodiscard]] Result<std::string, TlsError> read_tls_file(const std::string& path);

}  // namespace postrider::net
