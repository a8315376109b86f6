#include "tls_session_error.hpp"
#include "tls_session_impl.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <limits>

#include <postrider/base/assert.hpp>
#include <postrider/net/tls_certificate.hpp>
#include <postrider/net/tls_session.hpp>

namespace postrider::net {
namespace {

// RFC 9266 2.
constexpr std::string_view exporter_label = "EXPORTER-Channel-Binding";
constexpr std::size_t exporter_octets = 32;

using State = TlsSession::Impl::State;

// Lends a call's input and output to the callbacks.
class Lending {
 public:
  Lending(TlsSession::Impl& session, std::string_view* input, std::string& output)
      : session_(session) {
    session_.input = input;
    session_.output = &output;
  }
  Lending(const Lending&) = delete;
  Lending& operator=(const Lending&) = delete;
  ~Lending() {
    session_.input = nullptr;
    session_.output = nullptr;
  }

 private:
  TlsSession::Impl& session_;
};

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> octets;
  return inet_pton(AF_INET, host.c_str(), octets.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), octets.data()) == 1;
}

TlsStep fail(TlsSession::Impl& session, TlsError error) {
  session.state = State::failed;
  session.error = std::move(error);
  return TlsStep::failed;
}

// What a negative outcome of the library means.
TlsStep step_of(TlsSession::Impl& session, int outcome) {
  const int code = wolfSSL_get_error(session.handle.get(), outcome);
  if (session.guard_verdict == TlsRecordGuard::Verdict::not_tls) {
    return fail(session, {TlsErrorKind::not_tls, "the peer does not speak TLS"});
  }
  if (session.guard_verdict == TlsRecordGuard::Verdict::empty_record) {
    return fail(session,
                {TlsErrorKind::protocol, "a record without content, as attackers send it"});
  }
  switch (code) {
    case WOLFSSL_ERROR_WANT_READ:
      return TlsStep::want_read;
    case WOLFSSL_ERROR_ZERO_RETURN:
      session.state = State::closed;
      return TlsStep::closed;
    default:
      return fail(session, session_error(session.handle.get(), code));
  }
}

void note_facts(TlsSession::Impl& session) {
  auto* const handle = session.handle.get();
  auto& facts = session.facts;
  facts.version = wolfSSL_version(handle) == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2";
  if (const char* name = wolfSSL_get_cipher(handle)) {
    facts.cipher = name;
  }
  if (const char* name = wolfSSL_get_curve_name(handle)) {
    facts.group = name;
  }
  char* protocol = nullptr;
  unsigned short size = 0;
  if (wolfSSL_ALPN_GetProtocol(handle, &protocol, &size) == WOLFSSL_SUCCESS) {
    facts.alpn.assign(protocol, size);
  }
  facts.is_resumed = wolfSSL_session_reused(handle) == 1;
  if (facts.version == "TLSv1.3") {
    std::string octets(exporter_octets, '\0');
    if (wolfSSL_export_keying_material(handle, reinterpret_cast<unsigned char*>(octets.data()),
                                       octets.size(), exporter_label.data(), exporter_label.size(),
                                       nullptr, 0, 0) == WOLFSSL_SUCCESS) {
      session.exporter = std::move(octets);
    }
  }
  wolfSSL_FreeArrays(handle);
}

void note_end_point(TlsSession::Impl& session, std::string_view server_certificate) {
  if (const auto certificate = parse_certificate(server_certificate)) {
    session.end_point = hash_for_end_point(*certificate);
  }
}

// A client's: judges the peer's certificate, or takes over what the first handshake judged.
TlsStep judge_peer(TlsSession::Impl& session) {
  auto& facts = session.facts;
  if (facts.is_resumed && session.offered) {
    session.peer_chain = session.offered->peer_chain;
    facts.is_verified = session.offered->is_verified;
    facts.verify_error = session.offered->verify_error;
  } else if (session.context->verify != TlsVerify::none) {
    const auto verdict = session.context->trust->verify(session.peer_chain, session.server_name);
    facts.is_verified = verdict.has_value();
    if (!verdict) {
      facts.verify_error = verdict.error().text;
      if (session.context->verify == TlsVerify::require) {
        return fail(session, verdict.error());
      }
    }
  }
  session.offered.reset();
  note_end_point(session, session.peer_chain.empty()
                              ? std::string_view()
                              : std::string_view(session.peer_chain.front()));
  session.state = State::established;
  return TlsStep::done;
}

}  // namespace

TlsSession::TlsSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsSession::TlsSession(TlsSession&&) noexcept = default;
TlsSession& TlsSession::operator=(TlsSession&&) noexcept = default;
TlsSession::~TlsSession() = default;

static Result<std::unique_ptr<TlsSession::Impl>, TlsError> make_session(
    std::shared_ptr<const TlsContext::Impl> context) {
  auto session = std::make_unique<TlsSession::Impl>();
  session->context = std::move(context);
  session->handle.reset(wolfSSL_new(session->context->identities.front().handle.get()));
  const auto exhausted =
      failure(TlsError{TlsErrorKind::out_of_resources, "out of memory for a TLS session"});
  if (!session->handle) {
    return exhausted;
  }
  auto* const handle = session->handle.get();
  wolfSSL_SetIOReadCtx(handle, session.get());
  wolfSSL_SetIOWriteCtx(handle, session.get());
  wolfSSL_SetCertCbCtx(handle, session.get());
  wolfSSL_KeepArrays(handle);
  auto alpn = session->context->alpn;
  if (!alpn.empty() && wolfSSL_UseALPN(handle, alpn.data(), static_cast<unsigned>(alpn.size()),
                                       WOLFSSL_ALPN_FAILED_ON_MISMATCH) != WOLFSSL_SUCCESS) {
    return exhausted;
  }
  return session;
}

Result<TlsSession, TlsError> TlsSession::accept(const TlsContext& context) {
  check(context.is_server(), "a server's context accepts");
  auto session = make_session(context.impl_);
  if (!session) {
    return failure(session.error());
  }
  return TlsSession(std::move(*session));
}

Result<TlsSession, TlsError> TlsSession::connect(
    const TlsContext& context, const std::string& server_name,
    const std::shared_ptr<const TlsResumption>& resumption) {
  check(!context.is_server(), "a client's context connects");
  auto made = make_session(context.impl_);
  if (!made) {
    return failure(made.error());
  }
  auto& session = **made;
  auto* const handle = session.handle.get();
  session.server_name = server_name;
  // RFC 6066 3: no address, no final dot.
  const auto sni =
      server_name.ends_with('.') ? server_name.substr(0, server_name.size() - 1) : server_name;
  if (!sni.empty() && !is_address(sni)) {
    if (wolfSSL_UseSNI(handle, WOLFSSL_SNI_HOST_NAME, sni.data(),
                       static_cast<unsigned short>(std::min<std::size_t>(
                           sni.size(), std::numeric_limits<unsigned short>::max()))) !=
        WOLFSSL_SUCCESS) {
      return failure(TlsError{TlsErrorKind::out_of_resources, "out of memory for a TLS session"});
    }
    session.facts.server_name = sni;
  }
  // What was not verified is not offered where it must be, whoever kept it.
  const bool is_good_enough =
      resumption && (session.context->verify != TlsVerify::require || resumption->is_verified);
  if (is_good_enough && resumption->context == session.context &&
      resumption->server_name == server_name) {
    // A copy, since the library writes into the session that it resumes. One that has expired is
    // refused, and the handshake is a full one.
    const TlsHandle<WOLFSSL_SESSION> copy(wolfSSL_SESSION_dup(resumption->session.get()));
    if (copy && wolfSSL_set_session(handle, copy.get()) == WOLFSSL_SUCCESS) {
      session.offered = resumption;
      session.is_resumption_offered = true;
    }
  }
  return TlsSession(std::move(*made));
}

TlsStep TlsSession::handshake(std::string_view& input, std::string& output) {
  auto& session = *impl_;
  if (session.state != State::handshaking) {
    return session.state == State::established ? TlsStep::done : TlsStep::failed;
  }
  const Lending lending(session, &input, output);
  auto* const handle = session.handle.get();
  const int outcome = session.context->is_server ? wolfSSL_accept(handle) : wolfSSL_connect(handle);
  if (outcome != WOLFSSL_SUCCESS) {
    const auto step = step_of(session, outcome);
    if (step == TlsStep::closed) {
      return fail(session, {TlsErrorKind::peer_alert, "the peer closed during the handshake"});
    }
    return step;
  }
  note_facts(session);
  if (session.context->is_server) {
    note_end_point(session, session.context->identities[session.identity].leaf_der);
    session.state = State::established;
    return TlsStep::done;
  }
  return judge_peer(session);
}

TlsSession::Read TlsSession::read(std::string_view& input, std::span<char> plaintext,
                                  std::string& output) {
  auto& session = *impl_;
  if (session.state == State::closed) {
    return {.step = TlsStep::closed};
  }
  if (session.state == State::failed) {
    return {.step = TlsStep::failed};
  }
  check(session.state == State::established, "reads follow the handshake");
  check(!plaintext.empty(), "a read has room");
  const Lending lending(session, &input, output);
  constexpr std::size_t most = std::numeric_limits<int>::max();
  const int outcome = wolfSSL_read(session.handle.get(), plaintext.data(),
                                   static_cast<int>(std::min(plaintext.size(), most)));
  if (outcome > 0) {
    return {.step = TlsStep::done, .octets = static_cast<std::size_t>(outcome)};
  }
  return {.step = step_of(session, outcome)};
}

TlsStep TlsSession::write(std::string_view plaintext, std::string& output) {
  auto& session = *impl_;
  if (session.state == State::failed) {
    return TlsStep::failed;
  }
  check(session.state != State::handshaking, "writes follow the handshake");
  const Lending lending(session, nullptr, output);
  while (!plaintext.empty()) {
    constexpr std::size_t most = 1U << 24;
    const auto piece = plaintext.substr(0, most);
    const int outcome =
        wolfSSL_write(session.handle.get(), piece.data(), static_cast<int>(piece.size()));
    if (outcome <= 0) {
      return fail(session, session_error(session.handle.get(),
                                         wolfSSL_get_error(session.handle.get(), outcome)));
    }
    plaintext.remove_prefix(static_cast<std::size_t>(outcome));
  }
  return TlsStep::done;
}

void TlsSession::close(std::string& output) {
  auto& session = *impl_;
  if (session.state == State::established || session.state == State::closed) {
    const Lending lending(session, nullptr, output);
    (void)wolfSSL_shutdown(session.handle.get());  // it waits for the peer's; we do not
    session.state = State::closed;
  }
}

bool TlsSession::is_established() const {
  return impl_->state == State::established;
}

const TlsError& TlsSession::error() const {
  check(impl_->error.has_value(), "an error is asked for after a failure");
  return *impl_->error;
}

const TlsFacts& TlsSession::facts() const {
  return impl_->facts;
}

const std::vector<std::string>& TlsSession::peer_chain() const {
  return impl_->peer_chain;
}

void TlsSession::release_peer_chain() {
  std::vector<std::string>().swap(impl_->peer_chain);
}

std::optional<std::string> TlsSession::channel_binding_exporter() const {
  return impl_->exporter;
}

std::optional<std::string> TlsSession::channel_binding_end_point() const {
  return impl_->end_point;
}

bool TlsSession::has_offered_resumption() const {
  return impl_->is_resumption_offered;
}

std::shared_ptr<const TlsResumption> TlsSession::resumption() const {
  const auto& session = *impl_;
  auto* const current = session.context->is_server || session.state == State::failed ||
                                session.state == State::handshaking
                            ? nullptr
                            : wolfSSL_get_session(session.handle.get());
  // With TLS 1.2 the library can't go on when the server does not accept the ticket any more.
  if (current == nullptr || session.facts.version != "TLSv1.3" ||
      wolfSSL_SESSION_has_ticket(current) != WOLFSSL_SUCCESS) {
    return nullptr;
  }
  auto kept = std::make_shared<TlsResumption>();
  kept->session.reset(wolfSSL_SESSION_dup(current));
  if (!kept->session) {
    return nullptr;
  }
  kept->context = session.context;
  kept->server_name = session.server_name;
  kept->peer_chain = session.peer_chain;
  kept->is_verified = session.facts.is_verified;
  kept->verify_error = session.facts.verify_error;
  return kept;
}

}  // namespace postrider::net
