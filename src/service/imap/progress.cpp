#include "progress.hpp"

#include "client.hpp"

#include <postrider/codec/imap/response_code.hpp>
#include <postrider/codec/imap/status.hpp>

namespace postrider::imap {

void Progress::encode(std::string_view tag, std::string& out) const {
  encode_status("*", {Status::Kind::ok, in_progress_code(tag, done_, goal_), "Still working on it"},
                out);
}

engine::Task<void> Client::advance(std::uint64_t count) {
  if (!progress.advance(count, shared.doors.reactor.now()) ||
      !session->offers(Capability::in_progress)) {
    co_return;
  }
  progress.encode(session->command().tag, out());
  // (void): a lost connection shows when the next thing is said.
  (void)co_await wire.flush();
}

}  // namespace postrider::imap
