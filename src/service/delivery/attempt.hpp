#pragma once

#include "client_connection.hpp"
#include "connect_race.hpp"
#include "host_memory.hpp"
#include "item.hpp"
#include "journal_ride.hpp"
#include "open_connection.hpp"
#include "transaction.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <postrider/flow/event.hpp>
#include <postrider/flow/own_addresses.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/tls_report.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::delivery {

// What an attempt found out about one recipient.
struct Verdict {
  enum class Kind : std::uint8_t { deferred, delivered, failed };
  Kind kind = Kind::deferred;
  store::LastReply last;
  bool relayed = false;  // delivered to a host that makes no DSNs
  bool filed = false;    // delivered by us: a report of success is ours to make
};

struct AttemptResult {
  enum class End : std::uint8_t {
    done,         // each pending recipient has its verdict
    unreached,    // no host could be used; the verdicts say why
    unreadable,   // the store can't give the content
    no_journal,   // the store can't write
    interrupted,  // by us, before the content had gone out: as if it had not begun
    in_doubt,     // by us, after it: the journal keeps it
  };
  End end = End::done;
  store::StoreError store_error{};
  std::vector<std::optional<Verdict>> verdicts;  // as the destination's recipients
  bool is_busy = false;    // unreached: the last host asked said that it is busy
  bool is_policy = false;  // unreached, but for TLS or AUTH: the hosts are well
  std::string remote;
  std::string tls;
  std::string source;
  flow::StageDurations duration;
};

struct AttemptDoors {
  engine::Reactor& reactor;
  const DeliverySettings& settings;
  store::QueueStore& queue;
  net::Resolver& resolver;
  HostMemory& memory;
  FamilyMemory& families_refused;
  const net::TlsContext* tls = nullptr;
  const net::TlsContext* tls_verified = nullptr;
  const net::TrustAnchors* anchors = nullptr;
  net::TlsResumptionCache* resumptions = nullptr;
  policy::TlsReportTally* reports = nullptr;
  std::uint32_t& served;  // connections that got as far as `ready`, while they live
  const flow::OwnAddresses* own = nullptr;  // nullptr: mail goes out from where it is
};

// One attempt at one delivery: over `held` if it is a connection that can be used, else over the
// target's hosts, one after another, until each recipient has an answer. What remains of the
// connection is in `held` afterwards, null if there is nothing to keep.
class Attempt {
 public:
  Attempt(AttemptDoors doors, const Item& item, SourceAddresses source,
          std::shared_ptr<JournalRide> journal);
  [[nodiscard]] engine::Task<AttemptResult> run(std::unique_ptr<ClientConnection>& held,
                                                engine::CancelToken cancel);

 private:
  enum class Next : std::uint8_t { finished, another_host, stopped };
  [[nodiscard]] engine::Task<Next> use(std::unique_ptr<ClientConnection>& held,
                                       engine::CancelToken cancel);
  [[nodiscard]] engine::Task<std::unique_ptr<ClientConnection>> connect(HostWalk& hosts,
                                                                        Candidate candidate,
                                                                        engine::CancelToken cancel);
  [[nodiscard]] engine::Task<std::unique_ptr<ClientConnection>> open(OpenRequest request,
                                                                     engine::CancelToken cancel);
  [[nodiscard]] engine::Task<Result<Opening, OpenFailure>> try_open(OpenRequest request,
                                                                    engine::CancelToken cancel);
  void judge_runners(const std::vector<Candidate>& candidates, const RaceResult& race,
                     HostWalk& hosts);
  void refuse_host(HostWalk& hosts, const Candidate& candidate, const TlsObjection& why);
  void on_open_failed(const Candidate& candidate, const OpenFailure& failure);
  // Counts how TLS went, for the domain's report.
  void note_tls(const OpenRequest& request, const Result<Opening, OpenFailure>& opened);
  void avoid(const SocketAddress& host);
  void take_refusals();
  [[nodiscard]] engine::Task<void> walk(std::unique_ptr<ClientConnection>& held,
                                        engine::CancelToken cancel);
  void take_outcomes(const ClientConnection& client, const std::vector<std::size_t>& asked,
                     const std::vector<smtp::RecipientOutcome>& outcomes);
  [[nodiscard]] bool is_family_refused(const ClientConnection& client, const smtp::Reply& reply);
  [[nodiscard]] Next on_broken(const ClientConnection& client, bool maybe_taken,
                               const std::vector<std::size_t>& asked, engine::CancelToken cancel);
  [[nodiscard]] std::vector<std::size_t> open_recipients(std::size_t limit) const;
  [[nodiscard]] store::LastReply last_reply(const smtp::Reply& reply, bool own,
                                            const std::string& remote) const;
  [[nodiscard]] TransactionOrder order_for(const std::vector<std::size_t>& asked,
                                           const flow::ReturnRule* rule) const;
  void defer_open(const store::LastReply& why, Verdict::Kind kind);

  AttemptDoors doors_;
  const Item& item_;
  SourceAddresses source_;
  std::shared_ptr<JournalRide> journal_;
  MonoTime began_;
  AttemptResult result_;
  std::optional<store::LastReply> last_failure_;
  bool all_refused_for_good_ = true;  // each host that was asked said so
  // By policy, over the family that the walk goes on without: what counts if nobody says otherwise.
  std::vector<std::optional<Verdict>> refusals_;
  std::optional<IpFamily> family_refused_;
  std::uint32_t tried_ = 0;  // addresses
  bool was_used_ = false;    // a host was reached and spoken to in `ready`
};

}  // namespace postrider::delivery
