#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <postrider/engine/reactor.hpp>
#include <postrider/flow/directory.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/flow/mail_filing.hpp>
#include <postrider/flow/report_desk.hpp>
#include <postrider/flow/return_desk.hpp>
#include <postrider/flow/signer.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/net/tls_context.hpp>
#include <postrider/policy/mta_sts_cache.hpp>
#include <postrider/policy/srs.hpp>
#include <postrider/policy/tls_report.hpp>
#include <postrider/service/delivery/queue_control.hpp>
#include <postrider/service/delivery/settings.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::delivery {

// What keeps mail here, on one core.
struct LocalDoors {
  flow::Directory* directory = nullptr;
  flow::MailFiling* filing = nullptr;
  const policy::Srs* srs = nullptr;
  flow::ReportDesk* reports = nullptr;  // nullptr: reports are messages like others
};

// What delivery uses on one core; all of it outlives the Delivery.
struct CoreDoors {
  store::QueueStore* queue = nullptr;
  net::Resolver* resolver = nullptr;
  flow::EventSink* events = nullptr;
  // nullptr: no TLS (simulation); a policy that asks for it defers.
  const net::TlsContext* tls = nullptr;           // TlsVerify::none
  const net::TlsContext* tls_verified = nullptr;  // TlsVerify::require
  flow::Signer* signer = nullptr;                 // of our own reports; nullptr: unsigned
  const net::TrustAnchors* anchors = nullptr;     // of tls_verified
  policy::MtaStsCache* sts = nullptr;             // nullptr: MTA-STS is not looked at
  policy::TlsReportTally* reports = nullptr;      // nullptr: nothing is counted
  const LocalDoors* local = nullptr;              // nullptr: nothing is hosted
  flow::ReturnDesk* returns = nullptr;  // nullptr: what comes back is a message like others
};

// The core that delivers to a domain (A-labels, lower case), of so many.
[[nodiscard]] CoreId home_of(std::string_view domain, CoreId cores);

// Takes messages out of the queue and to their next hop: scheduler, connections, attempts, reports.
// A delivery belongs to the core that its domain hashes to, or, into a mailbox, its account. The
// feed of each core stands in Store::set_feed before the first commit. Limits: DeliverySettings.
// Errors: what can't be recorded (the store failed) halts delivery.
class Delivery {
 public:
  // `doors[core]` for each core of `cores`.
  [[nodiscard]] static std::unique_ptr<Delivery> create(engine::Cores& cores,
                                                        DeliverySettings settings,
                                                        std::vector<CoreDoors> doors);
  virtual ~Delivery() = default;

  [[nodiscard]] virtual store::QueueFeed& feed(CoreId core) = 0;
  [[nodiscard]] virtual QueueControl& control() = 0;

  // Core 0, once, before feeds are told of anything: reads the journal of the last process, then
  // delivers what the store holds. Ends when delivery has begun.
  [[nodiscard]] virtual engine::Task<void> start() = 0;
  // Core 0: other settings from the next lookup, attempt and deferral on. Not changed by it:
  // window and lookups. Cost: the old ones are kept.
  [[nodiscard]] virtual engine::Task<void> reload(DeliverySettings settings) = 0;
  // Core 0: begins nothing new, lets attempts end until `patience`, breaks off the rest (what had
  // been sent stays in the journal), syncs the store. After it this may be destroyed.
  [[nodiscard]] virtual engine::Task<void> drain(MonoTime patience) = 0;
};

}  // namespace postrider::delivery
