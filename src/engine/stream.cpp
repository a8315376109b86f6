#include <postrider/engine/stream.hpp>

namespace postrider::engine {

Task<IoResult<void>> Stream::send_both(std::string_view head, std::string_view body, Until until) {
  if (auto sent = co_await send(head, until); !sent) {
    co_return sent;
  }
  co_return co_await send(body, until);
}

}  // namespace postrider::engine
