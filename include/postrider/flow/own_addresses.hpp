#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>

// Addresses that nobody has and the server reads itself: those that mail is sent from so that what
// comes back tells what it is about (VERP), and the one that reports about our domains come to.
namespace postrider::flow {

// How long an address that we have sent from is ours. Peers give up after five days or so; people
// answer later.
inline constexpr Duration return_lifetime = std::chrono::days(30);
inline constexpr std::size_t return_local_octets_max =
    32;  // of ReturnRule::address, before its '@'

// For the senders of one domain.
struct ReturnRule {
  enum class To : std::uint8_t {
    sender,   // who sent what it is about; the domain's postmaster if that isn't known
    nobody,   // there is the event, and nothing more
    address,  // `reader`
  };
  std::string domain;   // of envelope senders, lower case
  std::string address;  // "bounces@example.org": what they are sent from; empty: nothing changes,
                        // and what comes back is known by its envelope id alone
  To to = To::sender;
  std::string reader;
  friend bool operator==(const ReturnRule&, const ReturnRule&) = default;
};

// One recipient of a message, as the envelope numbers it.
struct SentTo {
  MessageId message;
  std::uint32_t delivery = 0;   // index into the destinations
  std::uint32_t recipient = 0;  // index into its recipients
  friend bool operator==(const SentTo&, const SentTo&) = default;
};

enum class OwnAddressError : std::uint8_t {
  not_ours,  // an address like any other
  forged,    // no token of ours, or a damaged one: nobody has it
  expired,   // older than return_lifetime: nobody has it any more
};

// What one of them means.
struct OwnAddress {
  enum class Kind : std::uint8_t { returned, reports };
  Kind kind = Kind::returned;
  SentTo about;  // of `returned`, as is `rule`
  ReturnRule rule;
};

//   address     = local "+" token "@" domain       of a rule: 64 octets before the '@' at most
//   token       = base32, in lower case, of: message:8 delivery:number recipient:number code:6
//   envelope-id = message "." base32 of: code:6
//
// `code`: HMAC-SHA-256 of what it follows and of the rule's address and domain, cut off. All of it
// survives hosts that change the case of a local part; nobody else can make one.
// Shard: one a core. Cost: one HMAC an address that looks like one of ours.
class OwnAddresses {
 public:
  // Before that nothing is ours.
  void set_secret(std::string_view secret);
  void set_rules(std::vector<ReturnRule> rules) { rules_ = std::move(rules); }
  // Where reports about our domains come to; empty ones: nowhere.
  void set_report_addresses(std::vector<std::string> addresses) {
    report_addresses_ = std::move(addresses);
  }

  [[nodiscard]] bool has_rules() const { return !rules_.empty(); }
  // nullptr: mail from there goes out as it is, and nothing is noted of it. Valid until
  // set_rules().
  [[nodiscard]] const ReturnRule* rule_for(std::string_view reverse_path) const;
  // What the message goes out from to that recipient; nullopt: from where it is (no address in the
  // rule).
  [[nodiscard]] std::optional<std::string> address_for(const ReturnRule& rule,
                                                       const SentTo& to) const;
  // For a message that brought none of its own.
  [[nodiscard]] std::string envelope_id(const ReturnRule& rule, MessageId id) const;

  [[nodiscard]] Result<OwnAddress, OwnAddressError> read(std::string_view address,
                                                         WallTime now) const;
  // The message of an envelope id that we have made.
  [[nodiscard]] std::optional<MessageId> read_envelope_id(std::string_view envelope_id) const;

 private:
  [[nodiscard]] std::string code_of(std::string_view what, const ReturnRule& rule) const;
  [[nodiscard]] Result<OwnAddress, OwnAddressError> read_token(const ReturnRule& rule,
                                                               std::string_view token,
                                                               WallTime now) const;

  std::string key_;  // empty: no secret yet
  std::vector<ReturnRule> rules_;
  std::vector<std::string> report_addresses_;
};

}  // namespace postrider::flow
