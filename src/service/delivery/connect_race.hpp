#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include <postrider/engine/cancel.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/stream.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::delivery {

// RFC 8305 5: the Connection Attempt Delay.
inline constexpr Duration connect_stagger = std::chrono::milliseconds(250);

struct RaceOrder {
  std::vector<engine::ConnectOptions> to;  // addresses of one host, in order
  Duration timeout{};                      // of each connect
};

struct RaceResult {
  struct Runner {
    bool begun = false;
    std::optional<engine::IoError> error;  // nullopt: it won, or was called off
  };
  std::unique_ptr<engine::Stream> stream;  // null: nobody won
  std::size_t winner = 0;
  std::vector<Runner> runners;  // as `to`
};

// Happy Eyeballs (RFC 8305 5) for one host: connects to its addresses in order; the next begins
// when one has failed or none has answered for the stagger, and the first that is there wins. Ends
// when all that was begun has ended. A host with one address costs no more than a connect.
[[nodiscard]] engine::Task<RaceResult> race_connects(engine::Reactor& reactor, RaceOrder order,
                                                     engine::CancelToken cancel);

}  // namespace postrider::delivery
