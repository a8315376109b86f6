#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/units.hpp>
#include <postrider/codec/smtp/reply.hpp>
#include <postrider/codec/smtp/server_rules.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/flow/directory.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/flow/intake.hpp>
#include <postrider/flow/list_desk.hpp>
#include <postrider/flow/reception.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/net/tls_context.hpp>
#include <postrider/policy/authenticator.hpp>

namespace postrider::smtp {

using flow::ListenerTls;

struct ListenerSettings {
  flow::Door door = flow::Door::submission;  // submission, relay, inbound or lmtp
  SocketAddress address;
  std::string unix_path;  // in place of the address; empty: none. Peers are as if allowed.
  std::uint32_t unix_mode = 0660;
  ListenerTls tls = ListenerTls::starttls;
  // relay: who may send without AUTH; lmtp: who may deliver. Empty: nobody.
  std::vector<IpNetwork> allow;
  std::vector<IpNetwork> proxy_from;       // who begins with a PROXY header, and must
  std::vector<IpNetwork> xclient_from;     // who may speak for others by XCLIENT
  bool auth_without_tls = false;           // for a sandbox on loopback
  std::optional<net::TlsContext> context;  // unless tls is none
};

struct SmtpSettings {
  // hostname, limits and timeouts of all listeners; what depends on the door is set by the service.
  ServerRules rules;
  flow::ReceptionLimits limits{.sessions_per_peer = 200};                     // past them 421
  Rate messages_per_account{.count = 100'000, .per = std::chrono::hours(1)};  // on this core
  // Of inbound listeners.
  Duration client_limit{std::chrono::seconds(5)};  // for what DNS says of it
  std::uint32_t unknown_recipients_free = 3;  // of a connection; each further one makes it wait
  Duration unknown_recipient_delay{std::chrono::seconds(1)};  // doubled by each, up to the longest
  Duration unknown_recipient_delay_max{std::chrono::seconds(16)};
  Rate unknown_recipients_per_peer{.count = 100, .per = std::chrono::hours(1)};  // then 421
  Rate messages_per_peer{.count = 100'000, .per = std::chrono::hours(1)};        // on this core
  Duration handshake_timeout{std::chrono::minutes(1)};
  Duration flush_timeout{std::chrono::minutes(5)};
};

// All outlives the service.
struct SmtpDoors {
  engine::Reactor& reactor;
  flow::Intake& intake;
  policy::Authenticator* authenticator = nullptr;  // nullptr: AUTH is not offered
  flow::Directory* directory = nullptr;            // nullptr: inbound mail is refused
  flow::EventSink* events = nullptr;               // nullptr: refusals and failed logins go unsaid
  net::Resolver* resolver = nullptr;               // nullptr: nothing is known of clients
  flow::ListDesk* lists = nullptr;                 // nullptr: no lists are asked
};

struct SmtpCounters {
  std::uint64_t messages = 0;  // accepted
  std::uint64_t tls_failures = 0;
};

// SMTP in: submission (RFC 6409), relay, inbound and LMTP (RFC 2033) listeners of one core.
// Shard: one instance a core; listeners of one address on several cores share it (SO_REUSEPORT).
// Stops by its gate: conversations finish the transaction they are in.
class SmtpService {
 public:
  SmtpService(SmtpDoors doors, SmtpSettings settings);
  SmtpService(const SmtpService&) = delete;
  SmtpService& operator=(const SmtpService&) = delete;
  // After stop() has ended.
  ~SmtpService();

  // Opens the listener and begins to accept. Out: its address with the real port. Errors:
  // address_in_use, denied: tell the operator.
  [[nodiscard]] engine::IoResult<SocketAddress> listen(ListenerSettings listener);
  // A reload: new connections to the listener (by the order of listen()), which has TLS, use it.
  void set_tls(std::size_t listener, const net::TlsContext& context);
  // Ends when all conversations have; those that still run when patience ends are broken off.
  [[nodiscard]] engine::Task<void> stop(MonoTime patience);
  [[nodiscard]] const SmtpCounters& counters() const;
  [[nodiscard]] const flow::ReceptionCounters& reception() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::smtp
