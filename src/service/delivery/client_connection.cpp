#include "client_connection.hpp"

#include <fmt/core.h>
#include <optional>

namespace postrider::delivery {

namespace {

using engine::IoError;
using smtp::ClientStep;

constexpr Duration quit_timeout = std::chrono::seconds(5);
constexpr Duration goodbye_timeout = std::chrono::seconds(1);

std::string describe_end(IoError error, std::string_view awaited) {
  switch (error) {
    case IoError::end_of_stream:
      return fmt::format("the server closed the connection {}", awaited);
    case IoError::timed_out:
      return fmt::format("the server did not answer in time {}", awaited);
    case IoError::cancelled:
      return fmt::format("broken off by us {}", awaited);
    default:
      return fmt::format("{} {}", engine::describe(error), awaited);
  }
}

}  // namespace

engine::Task<ClientStep> ClientConnection::proceed(ClientStep step, engine::CancelToken cancel) {
  // Each reply has its whole time, but a server that drips octets gets no more than that.
  std::optional<MonoTime> deadline;
  while (step == ClientStep::receive) {
    if (!deadline) {
      deadline = connection.reactor().now() + session.timeout();
    }
    parser.set_enhanced_codes(session.capabilities().enhanced_codes);
    const auto reply = parser.feed(unread);
    if (!reply) {
      broken = fmt::format("{} {}", smtp::describe(reply.error()), session.awaited());
      co_return ClientStep::closed;
    }
    if (*reply) {
      step = session.on_reply(**reply, connection.out());
      deadline.reset();
      continue;
    }
    const engine::Until until{*deadline, cancel};
    if (!connection.out().empty()) {
      if (const auto sent = co_await connection.flush(until); !sent) {
        broken = describe_end(sent.error(), session.awaited());
        was_cancelled = sent.error() == IoError::cancelled;
        co_return ClientStep::closed;
      }
    }
    const auto octets = co_await connection.receive(until);
    if (!octets) {
      broken = describe_end(octets.error(), session.awaited());
      was_cancelled = octets.error() == IoError::cancelled;
      co_return ClientStep::closed;
    }
    unread = *octets;
    heard_at = connection.reactor().now();
  }
  co_return step;
}

engine::Task<void> ClientConnection::quit(engine::CancelToken cancel) {
  session.quit(connection.out());
  const MonoTime now = connection.reactor().now();
  if (co_await connection.flush({now + quit_timeout, cancel})) {
    (void)co_await connection.receive({now + goodbye_timeout, cancel});  // whatever it says
  }
  co_await connection.close({connection.reactor().now() + quit_timeout, {}});
}

}  // namespace postrider::delivery
