#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/base/time.hpp>

// What the queue keeps of a message, as values. Their grammar on disk: docs/storage_format.md.
namespace postrider::store {

// RFC 3461 4.1; none set means that the parameter was absent.
struct Notify {
  bool never = false;
  bool success = false;
  bool failure = false;
  bool delay = false;
  friend bool operator==(const Notify&, const Notify&) = default;
};

// What a recipient in a domain that is hosted here came to when the message was accepted.
enum class LocalKind : std::uint8_t {
  none,     // not one of ours, or not placed yet
  mailbox,  // of the account `name`
  forward,  // to the address `name`, elsewhere: a message of its own, from us
  list,     // a post to the list `name`
  server,   // read by the server itself: what comes back, reports; `name` is the address
};
struct LocalTarget {
  LocalKind kind = LocalKind::none;
  std::string name;
  std::string detail;  // of a subaddress, "user+detail@example.org": the folder; empty: none
  friend bool operator==(const LocalTarget&, const LocalTarget&) = default;
};

struct Recipient {
  std::string address;  // "local@domain" as accepted, domain in lower case
  std::string orcpt;    // RFC 3461 4.2, decoded: "rfc822;user@example.org"; empty: absent
  Notify notify;
  LocalTarget local;
  friend bool operator==(const Recipient&, const Recipient&) = default;
};

enum class Return : std::uint8_t { absent, full, headers };  // RFC 3461 4.3
enum class Priority : std::uint8_t { high, normal, bulk };

// Where a message is filed that is kept here: what judging it came to.
enum class Disposition : std::uint8_t {
  inbox,       // the recipient's own filing decides
  junk,        // the folder for it
  quarantine,  // held back; released or deleted by the admin or the recipient
};

// The recipients of one destination domain, in the order of RCPT; one that has a LocalTarget is
// alone in its destination, since its end and its filing are one batch. Its number is its index in
// Envelope.
struct Destination {
  std::string domain;  // lower case, A-labels; "[192.0.2.1]" for an address literal
  std::vector<Recipient> recipients;
  friend bool operator==(const Destination&, const Destination&) = default;
};

// Written once at commit, never changed.
struct Envelope {
  MessageId id;
  std::string tenant;        // default: the account's domain
  std::string account;       // who submitted, empty for relay and our own reports
  std::string reverse_path;  // empty: the null path
  std::string envid;         // RFC 3461 4.4, decoded
  Return ret = Return::absent;
  Priority priority = Priority::normal;
  bool smtputf8 = false;          // RFC 6531
  bool eight_bit = false;         // BODY=8BITMIME, or 8-bit octets were seen
  bool require_tls = false;       // RFC 8689
  bool tls_not_required = false;  // RFC 8689, "TLS-Required: No"
  Disposition disposition = Disposition::inbox;
  std::uint8_t hops = 0;  // Received fields when it came in
  WallTime received_at{};
  std::string origin;             // "smtp 192.0.2.1:4711 (helo.example)" for logs and `show`
  std::uint64_t size_octets = 0;  // header and body as they go out
  std::uint32_t body_chunks = 0;  // 0: one record; else chunks 0..n-1 (storage_format.md)
  std::uint64_t checksum = 0;     // xxh3-64 over chunks 1..n-1, then chunk 0; one record: all of it
  std::vector<Destination> destinations;
  friend bool operator==(const Envelope&, const Envelope&) = default;
};

struct LastReply {
  std::uint16_t code = 0;  // SMTP reply, 0: our own finding (DNS, connect, policy)
  std::string enhanced;    // "4.7.1"
  std::string text;        // the peer's words, or ours; at most 512 bytes
  std::string remote;      // "mx.example.org [192.0.2.1]"
  WallTime time{};
  friend bool operator==(const LastReply&, const LastReply&) = default;
};

enum class RecipientState : std::uint8_t { pending, delivered, failed };

struct RecipientProgress {
  RecipientState state = RecipientState::pending;
  LastReply last;
  friend bool operator==(const RecipientProgress&, const RecipientProgress&) = default;
};

// The retry state of one delivery: absent until its first deferral, hold or partial result, then
// rewritten by each settlement, and gone with the delivery.
struct Progress {
  std::uint32_t attempts = 0;
  WallTime next_due{};
  bool held = false;  // by the operator, or a policy; does not come due
  std::string hold_reason;
  Duration suspended{};                       // time spent held: does not count towards max_age
  std::optional<WallTime> warned;             // the delay DSN was sent
  std::vector<RecipientProgress> recipients;  // as in Destination; empty: all pending, no reply yet
  friend bool operator==(const Progress&, const Progress&) = default;
};

}  // namespace postrider::store
