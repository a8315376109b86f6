#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/result.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/directory.hpp>
#include <postrider/flow/door.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/flow/filter.hpp>
#include <postrider/flow/signer.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/client_name.hpp>
#include <postrider/policy/dmarc_report.hpp>
#include <postrider/policy/dns_list.hpp>
#include <postrider/policy/inbound_verdict.hpp>
#include <postrider/store/queue_records.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::flow {

class GreylistDesk;
class ListDesk;

// Facts of the conversation that a message comes in by; they go into Received and the log.
struct Conversation {
  Door door = Door::submission;
  SocketAddress peer;
  policy::ClientName client;                 // by DNS; not known: it is not told in Received
  std::vector<policy::DnsListing> listings;  // that name the client or the sender
  std::string helo;
  std::string protocol;  // RFC 3848: "ESMTPSA", "UTF8SMTPSA" (RFC 6531 4.3)
  std::string tls;       // "TLSv1.3 TLS13-AES128-GCM-SHA256"; empty: plain
  std::string account;   // authenticated as; empty: none
  std::string tenant;
  std::vector<std::string>
      send_as;  // further From addresses the account may use ("@domain": all of it)
  // What the filters have heard of it; outlives the message. nullptr: nothing yet.
  FilterSession* filters = nullptr;
};

// MAIL and RCPT as accepted.
struct Transaction {
  std::string reverse_path;
  std::string envid;
  store::Return ret = store::Return::absent;
  bool smtputf8 = false;
  bool eight_bit = false;
  bool require_tls = false;
  std::uint64_t announced_octets = 0;  // RFC 1870 6: a guess of the client's; 0: it made none
  std::vector<store::Recipient> recipients;
  std::vector<store::NotedFact> facts{};  // written in the batch that makes the message exist
};

enum class IntakeFailure : std::uint8_t {
  too_large,         // 552 5.3.4
  header_too_large,  // 552 5.3.4, header section over its limit
  line_too_long,     // 500 5.6.0
  malformed,         // 550 5.6.0: bare CR or LF inbound, header that is none
  no_from,           // 550 5.6.0: submission without a From field
  from_not_allowed,  // 550 5.7.1: the header From is not the account's
  loop,              // 554 5.4.6: too many Received
  needs_smtputf8,    // 550 5.6.7
  no_space,          // 452 4.3.1: disk or memory budget
  store_failed,      // 451 4.3.0
  shutting_down,     // 421 4.3.2
  rejected,          // 550 5.7.1, or as `enhanced` says: judged to be unwanted
  deferred,          // 451 4.7.1: it could not be judged now
};
struct IntakeError {
  IntakeFailure kind{};
  std::string text;
  std::string enhanced{};  // RFC 3463; empty: the failure's own
  // A filter's words for the peer; 0 and empty: the failure's own.
  std::uint16_t code = 0;
  std::string reply{};
};

// A message while it arrives. Destroyed before commit: nothing of it remains.
class IncomingMessage {
 public:
  virtual ~IncomingMessage() = default;
  // Octets as they are meant, dot-stuffing removed. After an error the rest is read and dropped by
  // the caller, who then replies.
  virtual engine::Task<Result<void, IntakeError>> append(std::string_view octets) = 0;
  // Judges (inbound), fixes up (submission), signs, places the recipients that are hosted here,
  // commits: durable when it returns an id.
  virtual engine::Task<Result<MessageId, IntakeError>> commit() = 0;
};

struct IntakeCounters {
  std::uint64_t accepted = 0;      // messages
  std::uint64_t refused = 0;       // messages that had begun
  std::uint64_t staged = 0;        // messages that went to the store before their commit
  std::uint64_t shed = 0;          // refused for want of memory
  std::uint64_t memory_bytes = 0;  // held now
  std::uint64_t memory_peak_bytes = 0;
  std::vector<FilterCounters> filters;  // in the order of the settings
};

// The door by which messages enter the queue. Shard: one instance a core.
class Intake {
 public:
  virtual ~Intake() = default;
  [[nodiscard]] virtual std::unique_ptr<IncomingMessage> open(Conversation conversation,
                                                              Transaction transaction) = 0;
  // What listens to the conversations of that door; nullptr: nothing does.
  [[nodiscard]] virtual std::unique_ptr<FilterSession> open_filters(Door /*door*/) {
    return nullptr;
  }
  // Memory is short: a new message would be refused with no_space. What RCPT and DATA ask first.
  [[nodiscard]] virtual bool is_full() const { return false; }
  [[nodiscard]] virtual IntakeCounters counters() const { return {}; }
};

struct IntakeSettings {
  std::string hostname;  // in Received and Message-ID
  std::uint64_t message_octets_max = 50ULL << 20;
  std::size_t header_octets_max = 512UL << 10;
  std::uint32_t hops_max = 100;              // Received fields (RFC 5321 6.3)
  std::size_t line_octets_max = 64UL << 10;  // RFC 5321 4.5.3.1.6 says 1000; longer ones are sent
  // What messages that are arriving may hold on this core, all together. Past it they go to the
  // store before they are 1 MiB long, and in the end new ones are refused.
  std::uint64_t memory_bytes = 64ULL << 20;
  std::size_t stage_chunk_octets = 256UL << 10;        // at most QueueStore::chunk_octets
  Duration memory_patience{std::chrono::seconds(10)};  // how long one waits for memory before 452
  // In this order.
  std::vector<FilterSettings> filters;
  // How inbound mail is judged.
  policy::InboundRules inbound;
  std::string authserv_id;                           // empty: the hostname
  Duration judging_limit{std::chrono::seconds(20)};  // for DNS; what it has not said is a temperror
  // Inbound mail of which nothing good is known is to come back later, but from these.
  bool greylists = false;
  std::vector<IpNetwork> not_greylisted;
};

// What an intake stands on; all of it outlives it.
struct IntakeDoors {
  engine::Reactor& reactor;
  store::QueueStore& queue;
  EventSink& events;
  Signer* signer = nullptr;             // nullptr: nothing is signed
  Directory* directory = nullptr;       // nullptr: nobody is hosted here
  net::Resolver* resolver = nullptr;    // nullptr: inbound mail is not judged
  policy::DmarcTally* dmarc = nullptr;  // nullptr: what DMARC finds is not counted
  ListDesk* lists = nullptr;            // nullptr: no lists are asked
  GreylistDesk* greylist = nullptr;     // nullptr: strangers are not asked to come back
};

[[nodiscard]] std::unique_ptr<Intake> make_intake(IntakeDoors doors, IntakeSettings settings);

}  // namespace postrider::flow
