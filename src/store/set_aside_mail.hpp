#pragma once

#include "kv.hpp"
#include "mail_codec.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/store/mailbox_store.hpp>

namespace postrider::store {

// What repair adds to its reason where the message had been expunged before.
inline constexpr std::string_view expunged_mark = " (expunged)";
// What is said of an entry (EntryName) that is damaged.
inline constexpr std::string_view entry_unreadable = "a right or an annotation can't be read";
inline constexpr std::size_t family_octets = 1;  // in front of a key in the quarantine

// A message in the quarantine, looked at again.
struct SetAsideMail {
  MailKey mail;  // where it was
  MailFacts facts;
  MailDetail detail;  // empty, and facts.trace_bytes 0, where it is lost
  bool was_expunged = false;
  std::vector<std::pair<std::string, std::string>> frames;  // key, record: to be put back
  std::vector<std::string> aside;                           // keys in the quarantine that go then
  std::string problem;  // why it can't be put back; empty: it can
};

// The keys in the quarantine of the account's messages, in order, after `after`; at most `limit`.
[[nodiscard]] MailResult<std::vector<std::string>> list_set_aside(const KvReader& kv,
                                                                  MailAccountId account,
                                                                  const std::string& after,
                                                                  std::size_t limit);
// Reads it, and every octet of its body. nullopt: it isn't there any more. Errors: the medium's.
[[nodiscard]] MailResult<std::optional<SetAsideMail>> look_at_set_aside(const KvReader& kv,
                                                                        const std::string& key);

}  // namespace postrider::store
