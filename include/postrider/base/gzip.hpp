#pragma once

#include <string>
#include <string_view>

namespace postrider {

// One member of the gzip format (RFC 1952) without name and time, so that equal input gives equal
// output. Cost: tens of MB/s: not for a reactor's large inputs.
[[nodiscard]] std::string gzip(std::string_view octets);

}  // namespace postrider
