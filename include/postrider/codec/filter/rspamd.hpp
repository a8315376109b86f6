#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/result.hpp>

namespace postrider::filter {

// rspamd's HTTP protocol: a message is posted to /checkv2, what is known of its way stands in the
// fields of the request, and the answer is JSON.
inline constexpr std::string_view rspamd_target = "/checkv2";

struct RspamdQuestion {
  std::string from;  // the reverse-path without <>
  std::vector<std::string> recipients;
  IpAddress client;
  std::string helo;
  std::string client_name;  // by DNS; empty: not known
  std::string user;         // authenticated; empty: nobody
  std::string queue_id;
  std::string tls_cipher;  // empty: plain
  std::string tls_version;
  std::string hostname;  // ours
};
struct RspamdField {
  std::string name;
  std::string value;  // printable, one line
  friend bool operator==(const RspamdField&, const RspamdField&) = default;
};
// Limits: 1,000 recipients are told, and 998 octets of each value.
[[nodiscard]] std::vector<RspamdField> rspamd_fields(const RspamdQuestion& question);

enum class RspamdAction : std::uint8_t {
  no_action,
  greylist,
  add_header,
  rewrite_subject,
  soft_reject,
  reject,
  quarantine,
  discard,
};
[[nodiscard]] std::string_view name_of(RspamdAction action);  // as rspamd writes it

struct RspamdSymbol {
  std::string name;
  double score = 0;
  friend bool operator==(const RspamdSymbol&, const RspamdSymbol&) = default;
};
struct RspamdAddedField {
  std::string name;
  std::string value;        // may be folded
  std::int64_t order = -1;  // 0: at the top; negative: at the end
  friend bool operator==(const RspamdAddedField&, const RspamdAddedField&) = default;
};
struct RspamdRemovedField {
  std::string name;
  std::int64_t which = 0;  // 0: all of that name; 1: the first; -1: the last
  friend bool operator==(const RspamdRemovedField&, const RspamdRemovedField&) = default;
};

struct RspamdReply {
  RspamdAction action = RspamdAction::no_action;
  bool is_skipped = false;  // its own settings let it by
  double score = 0;
  double required_score = 0;
  std::vector<RspamdSymbol> symbols;  // in the order of their names
  std::string message;                // for the sender: messages.smtp_message; empty: none
  std::string subject;                // of rewrite_subject; empty: none
  std::vector<RspamdAddedField> added;
  std::vector<RspamdRemovedField> removed;
  friend bool operator==(const RspamdReply&, const RspamdReply&) = default;
};
// Errors: why it is none. An action that is not known here is one: nothing can be done by it.
[[nodiscard]] Result<RspamdReply, std::string> parse_rspamd_reply(std::string_view json);

}  // namespace postrider::filter
