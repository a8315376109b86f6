#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/codec/pop3/session.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/flow/reception.hpp>
#include <postrider/net/tls_context.hpp>
#include <postrider/policy/authenticator.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::pop3 {

struct ListenerSettings {
  SocketAddress address;
  std::vector<IpNetwork> proxy_from;  // who begins with a PROXY header, and must
  flow::ListenerTls tls = flow::ListenerTls::implicit;
  bool auth_without_tls = false;           // for a sandbox on loopback
  std::optional<net::TlsContext> context;  // unless tls is none
};

struct Pop3Settings {
  SessionRules rules;  // of all listeners; what depends on the listener is set by the service
  flow::ReceptionLimits limits;
  Duration handshake_timeout{std::chrono::minutes(1)};
  Duration flush_timeout{std::chrono::minutes(5)};
};

// All outlives the service.
struct Pop3Doors {
  engine::Reactor& reactor;
  policy::Authenticator& authenticator;
  store::MailboxStore& mailboxes;
  flow::EventSink* events = nullptr;  // nullptr: failed logins go unsaid
};

// POP3 (RFC 1939) over the INBOX of each account. Deleted messages are expunged at QUIT, and can be
// undeleted like all that is.
// Shard: one instance a core. Stops by its gate: silent conversations end at once, a transfer may
// finish.
class Pop3Service {
 public:
  Pop3Service(Pop3Doors doors, Pop3Settings settings);
  Pop3Service(const Pop3Service&) = delete;
  Pop3Service& operator=(const Pop3Service&) = delete;
  // After stop() has ended.
  ~Pop3Service();

  [[nodiscard]] engine::IoResult<SocketAddress> listen(ListenerSettings listener);
  // A reload: new connections to the listener (by the order of listen()), which has TLS, use it.
  void set_tls(std::size_t listener, const net::TlsContext& context);
  [[nodiscard]] engine::Task<void> stop(MonoTime patience);
  [[nodiscard]] const flow::ReceptionCounters& counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::pop3
