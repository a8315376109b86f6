#pragma once

#include <set>
#include <string>
#include <string_view>

#include <postrider/codec/imap/notify.hpp>

namespace postrider::imap {

// Which of an account's mailboxes a filter means (RFC 5465 6, RFC 7377 2.2), the selected one
// aside.
// Cost: of one match, a look for each level of the name, however many mailboxes were named.
class MailboxScope {
 public:
  explicit MailboxScope(const MailboxFilter& filter);
  // `is_subscribed`: whether the name is.
  [[nodiscard]] bool holds(std::string_view name, bool is_subscribed) const;
  // Whether it means what is the user's own, whatever its name.
  [[nodiscard]] bool is_personal() const {
    return kind_ == MailboxFilter::Kind::personal || kind_ == MailboxFilter::Kind::inboxes;
  }

 private:
  MailboxFilter::Kind kind_;
  std::set<std::string, std::less<>> names_;
};

}  // namespace postrider::imap
