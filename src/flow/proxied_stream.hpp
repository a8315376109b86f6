#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/codec/filter/proxy_header.hpp>
#include <postrider/engine/stream.hpp>

namespace postrider::flow {

// Reads the PROXY header that a named proxy sends first. Out: the stream as the client's own: its
// address is the peer, and what came behind the header is received first. An error: drop it, as a
// header that was meant to be there is not.
[[nodiscard]] engine::Task<Result<std::unique_ptr<engine::Stream>, filter::ProxyFailure>>
read_proxy_header(std::unique_ptr<engine::Stream> stream, engine::Until until);

}  // namespace postrider::flow
