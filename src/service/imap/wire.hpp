#pragma once

#include "deflate.hpp"

#include <memory>
#include <string>
#include <string_view>

#include <postrider/engine/sync.hpp>
#include <postrider/net/connection.hpp>

namespace postrider::imap {

// A connection as the conversation sees it: octets of the protocol, whatever lies below.
class Wire {
 public:
  // `gate` outlives it; `flush_timeout`: for what is sent at once.
  Wire(engine::Reactor& reactor, std::unique_ptr<engine::Stream> stream, engine::Gate& gate,
       Duration flush_timeout)
      : connection_(reactor, std::move(stream)), gate_(gate), flush_timeout_(flush_timeout) {}

  // As Connection::receive().
  [[nodiscard]] engine::Task<engine::IoResult<std::string_view>> receive(engine::Until until);
  // What is said and not yet sent.
  [[nodiscard]] std::string& out() { return packing_ ? packing_->out : connection_.out(); }
  // False: the peer is gone, and all that is said from here on is in vain.
  [[nodiscard]] engine::Task<bool> flush();
  // `out` has grown large: it is to be sent between the parts of a long answer.
  [[nodiscard]] bool is_large() { return out().size() >= flush_octets; }
  // flush(), if so.
  [[nodiscard]] engine::Task<bool> flush_if_large();
  [[nodiscard]] engine::Task<void> close();
  // A promise to the peer can't be kept: a literal whose octets have gone.
  void abort();
  // Both ways from here on (RFC 4978 3); nothing is in `out`, nothing received is unread.
  void start_compression() { packing_ = std::make_unique<Packing>(); }

  // Gives back what long answers took, if a receive() would wait now.
  void slim();

  [[nodiscard]] bool is_broken() const { return broken_; }
  // How often something was sent: what is in `out` can be taken back if nothing was.
  [[nodiscard]] std::uint64_t flushes() const { return flushes_; }
  [[nodiscard]] net::Connection& connection() { return connection_; }

 private:
  // Long answers go out in pieces of this.
  static constexpr std::size_t flush_octets = 64UL * 1024;
  struct Packing {
    Deflater deflater;
    Inflater inflater;
    std::string out;
    std::string_view arrived;  // lent by the connection, and not read yet
    std::string plain;         // lent to the caller
    bool may_have_more = false;
  };
  [[nodiscard]] engine::Until soon();

  net::Connection connection_;
  engine::Gate& gate_;
  Duration flush_timeout_;
  bool broken_ = false;
  std::uint64_t flushes_ = 0;
  std::unique_ptr<Packing> packing_;  // nullptr: none
};

}  // namespace postrider::imap
