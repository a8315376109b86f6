#pragma once

#include "site_leases.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <postrider/codec/smtp/client_session.hpp>
#include <postrider/codec/smtp/reply_parser.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/connection.hpp>

namespace postrider::delivery {

// One of something that is counted, as long as it lives. The counter outlives it.
class Counted {
 public:
  Counted() = default;
  explicit Counted(std::uint32_t& counter) : counter_(&counter) { ++counter; }
  Counted(Counted&& other) noexcept : counter_(std::exchange(other.counter_, nullptr)) {}
  Counted& operator=(Counted&& other) noexcept {
    std::swap(counter_, other.counter_);
    return *this;
  }
  ~Counted() {
    if (counter_ != nullptr) {
      --*counter_;
    }
  }

 private:
  std::uint32_t* counter_ = nullptr;
};

// A connection to a next hop and the conversation on it. Shard: its core.
struct ClientConnection {
  ClientConnection(net::Connection opened, smtp::ClientSettings settings)
      : connection(std::move(opened)), session(std::move(settings)) {}

  // Sends what the session has written and feeds it replies until it wants something else than a
  // reply. `closed` also where the connection broke or fell silent: `broken` says how.
  [[nodiscard]] engine::Task<smtp::ClientStep> proceed(smtp::ClientStep step,
                                                       engine::CancelToken cancel);
  // Nothing has arrived while it was idle; so that it may be used again.
  [[nodiscard]] bool is_fresh() const { return unread.empty() && !connection.is_readable(); }
  // QUIT (RFC 5321 4.1.1.10). Its answer is waited for but briefly: until then the peer counts the
  // connection. Cancelled: not at all.
  [[nodiscard]] engine::Task<void> quit(engine::CancelToken cancel);

  net::Connection connection;
  smtp::ClientSession session;
  smtp::ReplyParser parser;
  std::string_view unread;  // of the last receive()
  std::string broken;       // "connection reset after MAIL"; empty: it did not break
  bool was_cancelled = false;

  SocketAddress address;
  std::string remote;  // "mx.example.org [192.0.2.1]:25"
  std::string source;
  std::string tls;          // "TLSv1.3 TLS_AES_128_GCM_SHA256"; empty: plain
  std::string only_domain;  // for recipients there alone; empty: for all of the lane
  std::uint32_t transactions = 0;
  MonoTime heard_at{};  // when the peer last said something
  MonoTime idle_since{};
  bool is_idle = false;
  // Of the site's budget and the core's while it has no worker (else that one holds them), and of
  // the lane's connections that were served.
  SiteSlot site_slot;
  Counted core_slot;
  Counted served;
};

}  // namespace postrider::delivery
