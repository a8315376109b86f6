#include "wire.hpp"

#include <utility>

#include <postrider/codec/imap/limits.hpp>

namespace postrider::imap {
namespace {

// Taken from a compressed stream at a time: a bomb costs time, and that in turns.
constexpr std::size_t plain_octets = 16UL * 1024;

}  // namespace

engine::Until Wire::soon() {
  return {connection_.reactor().now() + flush_timeout_, gate_.killing()};
}

engine::Task<engine::IoResult<std::string_view>> Wire::receive(engine::Until until) {
  if (!packing_) {
    co_return co_await connection_.receive(until);
  }
  while (true) {
    if (packing_->arrived.empty() && !packing_->may_have_more) {
      const auto received = co_await connection_.receive(until);
      if (!received) {
        co_return failure(received.error());
      }
      packing_->arrived = *received;
    } else {
      co_await connection_.reactor().heavy_step();  // others first
    }
    packing_->plain.resize(plain_octets);
    const auto step = packing_->inflater.inflate(packing_->arrived, packing_->plain);
    packing_->may_have_more = step.octets == plain_octets;
    packing_->plain.resize(step.octets);
    if (step.octets > 0) {
      co_return std::string_view(packing_->plain);
    }
    if (!step.sound) {
      co_return failure(engine::IoError::reset);
    }
  }
}

engine::Task<bool> Wire::flush() {
  if (broken_) {
    co_return false;
  }
  if (packing_ && !packing_->out.empty()) {
    packing_->deflater.compress(packing_->out, connection_.out());
    packing_->out.clear();
  }
  ++flushes_;
  broken_ = !co_await connection_.flush(soon());
  co_return !broken_;
}

engine::Task<bool> Wire::flush_if_large() {
  if (!is_large()) {
    co_return !broken_;
  }
  co_return co_await flush();
}

engine::Task<void> Wire::close() {
  if (co_await flush()) {
    co_await connection_.close(soon());
  }
}

void Wire::slim() {
  if (out().empty() && out().capacity() > idle_buffer_octets && !connection_.is_readable()) {
    std::string().swap(out());  // an assignment would keep the memory
  }
}

void Wire::abort() {
  broken_ = true;
  connection_.abort();
}

}  // namespace postrider::imap
