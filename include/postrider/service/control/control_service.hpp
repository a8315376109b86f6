#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <postrider/codec/http/message.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/stream.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/accounts.hpp>
#include <postrider/policy/mta_sts_cache.hpp>
#include <postrider/service/control/live_queue.hpp>
#include <postrider/store/mailbox_store.hpp>
#include <postrider/store/queue_store.hpp>
#include <postrider/store/upkeep.hpp>

namespace postrider::flow {
class DailyReporter;
class Directory;
class GreylistHome;
class ListReturns;
class ReportDesk;
class TextIndexDesk;
class TlsReportDesk;
}  // namespace postrider::flow

namespace postrider::control {

// What the routes work on. References outlive the service.
struct ControlPorts {
  engine::Reactor& reactor;
  store::QueueStore& queue;
  flow::AccountDesk& accounts;
  LiveQueue* live = nullptr;  // nullptr: no server runs, the store was opened by a command
  // Reads configuration and certificates anew; the text says what is wrong. Empty: not to be had.
  std::function<engine::Task<Result<void, std::string>>()> reload;
  std::string version;
  flow::DailyReporter* tls_reports = nullptr;           // nullptr: none are made
  flow::DailyReporter* dmarc_reports = nullptr;         // nullptr: none are made
  flow::ReportDesk* received_reports = nullptr;         // nullptr: none are shown
  flow::TlsReportDesk* received_tls_reports = nullptr;  // likewise
  store::MailboxStore* mailboxes = nullptr;             // nullptr: none are shown
  // What the resolvers have seen, as a JSON object; empty: no server runs.
  std::function<engine::Task<std::string>()> dns_status;
  // What the filters have done, as a JSON array; empty: no server runs.
  std::function<engine::Task<std::string>()> filter_status{};
  // What the lists in DNS have answered, as a JSON array; empty: no server runs.
  std::function<engine::Task<std::string>()> list_status{};
  // How logins have ended, as a JSON object; empty: no server runs.
  std::function<engine::Task<std::string>()> login_status{};
  // How the introspection endpoint does, as a JSON object, or null; empty: no server runs.
  std::function<engine::Task<std::string>()> oauth_status{};
  // What is kept of a domain's MTA-STS policy; empty: no server runs.
  std::function<engine::Task<std::optional<policy::KeptStsPolicy>>(std::string domain)> sts_policy;
  store::Upkeep* upkeep = nullptr;         // nullptr: nothing is mended or backed up
  flow::Directory* directory = nullptr;    // nullptr: no mail is brought in
  flow::GreylistHome* greylist = nullptr;  // of ports.reactor's core; nullptr: no server runs
  // nullptr: there is none.
  flow::TextIndexDesk* text_index = nullptr;
  flow::ListReturns* list_returns = nullptr;  // of ports.reactor's core; nullptr: none are shown
};

// The control API (docs/control_api.md): HTTP/1.1 and JSON, over a Unix socket of the server's own
// user, or called in process by a command while no server runs.
// Shard: the core of ports.reactor.
class ControlService {
 public:
  explicit ControlService(ControlPorts ports);

  // One request, one response; errors are responses too: {"error": "what is wrong: what to do"}.
  engine::Task<http::Response> handle(http::Request request);

  // Accepts until the gate closes. Peers of another user than root and our own get 403.
  // Limits: connections_max at once, one request at a time each, 30 s to send one.
  engine::Task<void> serve(std::unique_ptr<engine::Listener> listener);
  engine::Task<void> stop(MonoTime patience) { return gate_.drain(patience); }

  static constexpr std::size_t connections_max = 64;
  // A message that is brought in comes in one piece.
  static constexpr std::size_t request_octets_max = 256ULL << 20;

 private:
  engine::Task<void> converse(std::unique_ptr<engine::Stream> stream, engine::Gate::Pass pass);
  ControlPorts ports_;
  engine::Gate gate_;
};

}  // namespace postrider::control
