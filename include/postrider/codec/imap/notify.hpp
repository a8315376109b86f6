#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postrider/codec/imap/fetch.hpp>
#include <postrider/codec/imap/search.hpp>

namespace postrider::imap {

// RFC 5465 6 and RFC 7377 2.2: which mailboxes are meant.
struct MailboxFilter {
  enum class Kind : std::uint8_t {
    selected,
    selected_delayed,  // NOTIFY only
    inboxes,
    personal,
    subscribed,
    subtree,      // `mailboxes` and all below
    subtree_one,  // `mailboxes` and the next level; ESEARCH only
    mailboxes,
  };
  Kind kind{};
  std::vector<std::string> mailboxes;
  friend bool operator==(const MailboxFilter&, const MailboxFilter&) = default;
};

// RFC 5465 5. None of them: NONE.
struct NotifyEvents {
  bool message_new = false;
  bool message_expunge = false;
  bool flag_change = false;
  bool annotation_change = false;  // nobody offers it: NO [BADEVENT]
  bool mailbox_name = false;
  bool subscription_change = false;
  bool mailbox_metadata_change = false;
  bool server_metadata_change = false;
  std::vector<FetchItem> new_items;  // of MessageNew, for the selected mailbox
  friend bool operator==(const NotifyEvents&, const NotifyEvents&) = default;
};
struct NotifyGroup {
  MailboxFilter filter;
  NotifyEvents events;
  friend bool operator==(const NotifyGroup&, const NotifyGroup&) = default;
};
struct NotifyArguments {
  bool status = false;              // STATUS of each mailbox first
  std::vector<NotifyGroup> groups;  // none: NOTIFY NONE
  friend bool operator==(const NotifyArguments&, const NotifyArguments&) = default;
};

// ESEARCH (RFC 7377).
struct MultisearchArguments {
  std::vector<MailboxFilter> sources;  // none: the selected mailbox
  SearchArguments search;              // always by UID
  friend bool operator==(const MultisearchArguments&, const MultisearchArguments&) = default;
};

}  // namespace postrider::imap
