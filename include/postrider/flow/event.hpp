#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/ids.hpp>
#include <postrider/base/time.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::flow {

enum class EventKind : std::uint8_t {
  received,   // accepted and durable
  refused,    // a message or recipient was refused at the door
  attempted,  // an attempt ended before any recipient was answered (connect, TLS, DNS)
  delivered,
  deferred,
  bounced,  // failed for good, a report went out (or none was due)
  expired,  // max_age passed
  held,
  released,
  deleted,
  warned,              // delay warning sent
  possible_duplicate,  // begun before a crash, sent again
  quarantined,
  dnssec,        // what the DNS servers pass on of it has changed; `text` says to what
  filter,        // one has gone down, or answers again; `text` says which
  dns_list,      // one answers what is no verdict, or gives verdicts again; `text` says which
  oauth,         // who knows access tokens has gone down, or answers again
  login_failed,  // at a door: `tenant` and `from` are empty, `text` names who was tried
  // Of a message that we have sent, and one of its recipients: what came back.
  bounce_received,
  complaint_received,
  autoreply_received,
  report_received,  // on a domain of ours, by others
};
[[nodiscard]] std::string_view describe(EventKind kind);

struct StageDurations {  // milliseconds; negative: the stage was not reached
  double queue = -1, dns = -1, connect = -1, tls = -1, transaction = -1;
};

// One line of the event log, one webhook call, one row of the API: the same schema
// (docs/events.md).
struct Event {
  EventKind kind{};
  WallTime time{};
  MessageId id;
  std::string tenant;
  std::string from;
  std::string to;
  std::string domain;
  std::string site;
  std::string source;  // local address used
  std::string remote;  // "mx.example.org [192.0.2.1]:25"
  std::string tls;     // "TLSv1.3 TLS13-AES128-GCM-SHA256", empty: plain
  std::uint16_t code = 0;
  std::string enhanced;
  std::string text;
  std::string bounce_class;  // of what came back: by the rules
  std::string action;        // of what came back: "failed", "delayed" (RFC 3464 2.3.3)
  std::uint32_t attempt = 0;
  std::uint64_t size = 0;
  StageDurations duration;
};

// One JSON object without line end.
void encode_event(const Event& event, std::string& out);

// Where events go. Mail never waits for it: emit() queues or drops (and counts what it dropped).
// Shard: one sink a core.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void emit(Event event) = 0;
  // Waits until what was emitted here so far has been written, or given up. For what must be told
  // before the next step is taken; not on a message's way.
  [[nodiscard]] virtual engine::Task<void> written() { co_return; }
};

}  // namespace postrider::flow
