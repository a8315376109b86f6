#include <utility>

#include <postrider/net/connection.hpp>
#include <postrider/net/tls_session.hpp>

namespace postrider::net {

namespace {

using engine::IoResult;
using engine::Task;
using engine::Until;

using StartTlsResult = Result<void, StartTlsFailure>;

// A handshake takes two flights of the peer, each of some segments; who sends it octet by octet
// wants our CPU.
constexpr unsigned handshake_steps_max = 200;

StartTlsResult failed(engine::IoError io, std::string_view while_doing) {
  return failure(
      StartTlsFailure{.io = io,
                      .text = std::string(engine::describe(io)) + " " + std::string(while_doing),
                      .kind = std::nullopt});
}

StartTlsResult failed(const TlsError& error) {
  return failure(
      StartTlsFailure{.io = engine::IoError::other, .text = error.text, .kind = error.kind});
}

}  // namespace

Task<StartTlsResult> Connection::start_tls(const TlsContext& context, TlsRole role,
                                           std::string peer_name, Until until,
                                           std::shared_ptr<const TlsResumption> resumption) {
  check(tls_ == nullptr, "TLS is started twice");
  if (role == TlsRole::client || !out_.empty()) {
    if (const auto done = co_await discard_arrived(until); !done) {
      co_return failed(done.error(), "before TLS");
    }
  }
  if (const auto sent = co_await flush(until); !sent) {
    co_return failed(sent.error(), "before TLS");
  }
  if (role == TlsRole::server) {
    // Who never begins costs no more than a wait.
    const auto octets = co_await stream_->receive(until);
    if (!octets) {
      co_return failed(octets.error(), "in the TLS handshake");
    }
    arrived_ = *octets;
  }
  // The session's making is part of its first step: a burst of callers must not have all theirs in
  // one turn.
  co_await reactor_->heavy_step();
  auto session = role == TlsRole::server ? TlsSession::accept(context)
                                         : TlsSession::connect(context, peer_name, resumption);
  if (!session) {
    co_return failed(session.error());
  }
  auto established = std::make_unique<TlsSession>(std::move(*session));
  if (auto done = co_await shake_hands(*established, until); !done) {
    co_return done;
  }
  tls_ = std::move(established);
  co_return StartTlsResult{};
}

Task<StartTlsResult> Connection::shake_hands(TlsSession& session, Until until) {
  for (unsigned steps = 0; steps < handshake_steps_max; ++steps) {
    if (steps > 0) {
      co_await reactor_->heavy_step();
    }
    // Behind a long queue of others the time may be over.
    if (until.cancel.is_cancelled()) {
      co_return failed(engine::IoError::cancelled, "in the TLS handshake");
    }
    if (reactor_->now() >= until.deadline) {
      co_return failed(engine::IoError::timed_out, "in the TLS handshake");
    }
    const TlsStep step = session.handshake(arrived_, cipher_);
    const auto sent = co_await send_cipher(until);
    if (step == TlsStep::failed) {
      co_return failed(session.error());
    }
    if (step == TlsStep::closed) {
      co_return failed(engine::IoError::end_of_stream, "in the TLS handshake");
    }
    if (!sent) {
      co_return failed(sent.error(), "in the TLS handshake");
    }
    if (step == TlsStep::done) {
      co_return StartTlsResult{};
    }
    const auto octets = co_await stream_->receive(until);
    if (!octets) {
      co_return failed(octets.error(), "in the TLS handshake");
    }
    arrived_ = *octets;
  }
  co_return failure(StartTlsFailure{.io = engine::IoError::other,
                                    .text = "the TLS handshake comes in too small pieces",
                                    .kind = TlsErrorKind::protocol});
}

}  // namespace postrider::net
