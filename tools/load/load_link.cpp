#include "load_link.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

namespace postrider::tools {

namespace {

constexpr Duration part_patience = std::chrono::milliseconds(100);

std::string words(std::string_view what, engine::IoError error) {
  return fmt::format("{}: {}", what, engine::describe(error));
}

}  // namespace

void LoadLink::drop() {
  if (connection_) {
    connection_->abort();
    connection_.reset();
  }
}

engine::Task<LoadLink::Answer<void>> LoadLink::connect() {
  auto stream = co_await reactor_.connect({.to = settings_.server, .source = {}}, patience());
  if (!stream) {
    co_return failure(words("connect", stream.error()));
  }
  connection_.emplace(reactor_, std::move(*stream));
  unread_ = {};
  if (settings_.tls == LoadTls::implicit) {
    co_return co_await start_tls();
  }
  co_return Answer<void>();
}

engine::Task<LoadLink::Answer<void>> LoadLink::start_tls() {
  const auto started =
      co_await connection_->start_tls(tls_, net::TlsRole::client, "localhost", patience());
  unread_ = {};
  if (!started) {
    co_return failure("TLS: " + started.error().text);
  }
  co_return Answer<void>();
}

engine::Task<LoadLink::Answer<void>> LoadLink::flush() {
  if (const auto sent = co_await connection_->flush(patience()); !sent) {
    co_return failure(words("send", sent.error()));
  }
  co_return Answer<void>();
}

engine::Task<LoadLink::Answer<void>> LoadLink::receive() {
  const auto octets = co_await connection_->receive(patience());
  if (!octets) {
    co_return failure(words("receive", octets.error()));
  }
  unread_ = *octets;
  co_return Answer<void>();
}

engine::Task<LoadLink::Answer<std::string_view>> LoadLink::line() {
  line_.clear();
  for (;;) {
    const std::size_t end = unread_.find('\n');
    const std::string_view part = unread_.substr(0, end);
    if (line_.size() + part.size() > line_octets_max) {
      co_return failure(std::string("a line of more than a megabyte"));
    }
    if (end != unread_.npos) {
      std::string_view whole = part;
      if (!line_.empty()) {
        line_ += part;
        whole = line_;
      }
      unread_.remove_prefix(end + 1);
      if (whole.ends_with('\r')) {
        whole.remove_suffix(1);
      }
      co_return whole;
    }
    line_ += part;
    if (auto received = co_await receive(); !received) {
      co_return failure(received.error());
    }
  }
}

engine::Task<LoadLink::Answer<void>> LoadLink::skip(std::uint64_t octets) {
  for (;;) {
    const auto part = std::min<std::uint64_t>(octets, unread_.size());
    unread_.remove_prefix(static_cast<std::size_t>(part));
    octets -= part;
    if (octets == 0) {
      co_return Answer<void>();
    }
    if (auto received = co_await receive(); !received) {
      co_return received;
    }
  }
}

engine::Task<void> LoadLink::part() {
  const engine::Until until{reactor_.now() + part_patience, {}};
  if (co_await connection_->flush(until)) {
    (void)co_await connection_->receive(until);  // nobody waits for a farewell
  }
  co_await connection_->close(until);
  connection_.reset();
}

}  // namespace postrider::tools
