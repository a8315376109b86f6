#include "mailbox_scope.hpp"

#include "mailbox_names.hpp"

namespace postrider::imap {

MailboxScope::MailboxScope(const MailboxFilter& filter)
    : kind_(filter.kind), names_(filter.mailboxes.begin(), filter.mailboxes.end()) {}

bool MailboxScope::holds(std::string_view name, bool is_subscribed) const {
  switch (kind_) {
    case MailboxFilter::Kind::selected:
    case MailboxFilter::Kind::selected_delayed:
      return false;
    // RFC 5465 6.3: mail may be filed into any of them, so that they are the same.
    case MailboxFilter::Kind::inboxes:
    case MailboxFilter::Kind::personal:
      return true;
    case MailboxFilter::Kind::subscribed:
      return is_subscribed;
    case MailboxFilter::Kind::mailboxes:
      return names_.contains(name);
    case MailboxFilter::Kind::subtree_one:
      return names_.contains(name) || names_.contains(parent_of(name));
    case MailboxFilter::Kind::subtree:
      break;
  }
  for (std::string_view at = name; !at.empty(); at = parent_of(at)) {
    if (names_.contains(at)) {
      return true;
    }
  }
  return false;
}

}  // namespace postrider::imap
