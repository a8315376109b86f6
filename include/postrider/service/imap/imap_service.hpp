#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/codec/imap/server_rules.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/flow/directory.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/flow/junk_trainer.hpp>
#include <postrider/flow/reception.hpp>
#include <postrider/flow/text_index.hpp>
#include <postrider/net/tls_context.hpp>
#include <postrider/policy/authenticator.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::imap {

struct ListenerSettings {
  SocketAddress address;
  std::vector<IpNetwork> proxy_from;  // who begins with a PROXY header, and must
  flow::ListenerTls tls = flow::ListenerTls::implicit;
  bool auth_without_tls = false;           // for a sandbox on loopback
  std::optional<net::TlsContext> context;  // unless tls is none
};

// What one account is not offered, whatever its client says in ID.
struct AccountQuirk {
  std::string account;  // canonical name
  CapabilitySet hidden;
};

struct ImapSettings {
  // Of all listeners; what depends on the listener is set by the service, and what it can't do is
  // taken from `offered`.
  ServerRules rules;
  flow::ReceptionLimits limits;
  std::vector<AccountQuirk> account_quirks;
  std::uint32_t connections_per_user = 100;  // on one core
  // Messages of APPEND that wait for their commit, of all connections on one core.
  std::uint64_t append_octets_max = 256ULL * 1024 * 1024;
  // What the messages of open mailboxes are sorted and threaded by, on one core: some 100,000 to
  // 200,000 messages.
  std::size_t summary_octets_max = 32ULL * 1024 * 1024;
  // A word to who is in IDLE, at a time between the two, so that no NAT forgets the connection
  // (RFC 2177 has the client come back after 29 minutes only).
  Duration keepalive_min{std::chrono::minutes(2)};
  Duration keepalive_max{std::chrono::minutes(4)};
  // RFC 9585: who waits for a long command hears how far it is, so that it does not give up.
  Duration progress_interval{std::chrono::seconds(5)};
  Duration handshake_timeout{std::chrono::minutes(1)};
  Duration flush_timeout{std::chrono::minutes(5)};
};

// All outlives the service.
struct ImapDoors {
  engine::Reactor& reactor;
  policy::Authenticator& authenticator;
  store::MailboxStore& mailboxes;
  flow::Directory* directory = nullptr;  // nullptr: there are no quotas
  flow::EventSink* events = nullptr;     // nullptr: failed logins go unsaid
  // nullptr: SEARCH reads.
  flow::TextIndex* text_index = nullptr;
  flow::JunkTrainer* trainer = nullptr;  // nullptr: nobody learns from what users sort
};

// IMAP4rev2 and IMAP4rev1 (RFC 9051, RFC 3501) over the mailboxes of each account.
// Shard: one instance a core. Stops by its gate: silent conversations end at once, a command that
// is under way may finish.
class ImapService {
 public:
  ImapService(ImapDoors doors, ImapSettings settings);
  ImapService(const ImapService&) = delete;
  ImapService& operator=(const ImapService&) = delete;
  // After stop() has ended.
  ~ImapService();

  [[nodiscard]] engine::IoResult<SocketAddress> listen(ListenerSettings listener);
  // A reload: new connections to the listener (by the order of listen()), which has TLS, use it.
  void set_tls(std::size_t listener, const net::TlsContext& context);
  [[nodiscard]] engine::Task<void> stop(MonoTime patience);
  [[nodiscard]] const flow::ReceptionCounters& counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::imap
