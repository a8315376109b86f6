// NOTIFY (RFC 5465), and the mailboxes that ESEARCH names like it.
#include "command_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/limits.hpp>

namespace postrider::imap {
namespace {

using Kind = MailboxFilter::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 8> filters = {{
    {"SELECTED", Kind::selected},
    {"SELECTED-DELAYED", Kind::selected_delayed},
    {"INBOXES", Kind::inboxes},
    {"PERSONAL", Kind::personal},
    {"SUBSCRIBED", Kind::subscribed},
    {"SUBTREE", Kind::subtree},
    {"SUBTREE-ONE", Kind::subtree_one},
    {"MAILBOXES", Kind::mailboxes},
}};

constexpr std::array<std::pair<std::string_view, bool NotifyEvents::*>, 8> events = {{
    {"MessageNew", &NotifyEvents::message_new},
    {"MessageExpunge", &NotifyEvents::message_expunge},
    {"FlagChange", &NotifyEvents::flag_change},
    {"AnnotationChange", &NotifyEvents::annotation_change},
    {"MailboxName", &NotifyEvents::mailbox_name},
    {"SubscriptionChange", &NotifyEvents::subscription_change},
    {"MailboxMetadataChange", &NotifyEvents::mailbox_metadata_change},
    {"ServerMetadataChange", &NotifyEvents::server_metadata_change},
}};

bool is_selected(Kind kind) {
  return kind == Kind::selected || kind == Kind::selected_delayed;
}

NotifyEvents parse_events(Reader& in, bool selected) {
  NotifyEvents out;
  if (in.take_word("NONE")) {
    return out;
  }
  in.expect('(');
  do {
    const std::string_view name = in.word("an event");
    const auto row = std::ranges::find_if(
        events, [name](const auto& one) { return equals_ignoring_case(one.first, name); });
    if (row == events.end()) {
      in.fail("no such event", ParseError::Kind::bad_event);
      return out;
    }
    out.*row->second = true;
    if (out.annotation_change) {
      in.fail("there are no annotations of messages", ParseError::Kind::bad_event);
      return out;
    }
    if (row->second == &NotifyEvents::message_new && in.sees_prefix(" (")) {
      in.space();
      out.new_items = parse_fetch_items(in);
      if (!selected) {
        in.fail("only the selected mailbox takes fetch items");  // RFC 5465 5.2
      }
    }
  } while (in.ok() && in.take(' '));
  in.expect(')');
  // RFC 5465 5.1 and 5.2: message numbers hold only if both are told, flags need both.
  const bool both = out.message_new && out.message_expunge;
  if ((out.message_new || out.message_expunge || out.flag_change) && !both) {
    in.fail("MessageNew and MessageExpunge go together");
  }
  const bool of_mailboxes = out.mailbox_name || out.subscription_change ||
                            out.mailbox_metadata_change || out.server_metadata_change;
  if (selected && of_mailboxes) {
    in.fail("the selected mailbox has message events only");  // RFC 5465 6.1
  }
  return out;
}

}  // namespace

MailboxFilter parse_mailbox_filter(Reader& in) {
  MailboxFilter out;
  const std::string_view name = in.word("which mailboxes");
  const auto row = std::ranges::find_if(
      filters, [name](const auto& one) { return equals_ignoring_case(one.first, name); });
  if (row == filters.end()) {
    in.fail("no such filter of mailboxes");
    return out;
  }
  out.kind = row->second;
  if (out.kind != Kind::subtree && out.kind != Kind::subtree_one && out.kind != Kind::mailboxes) {
    return out;
  }
  in.space();
  const bool several = in.take('(');
  do {
    out.mailboxes.push_back(in.mailbox());
    if (out.mailboxes.size() > notify_mailboxes_max) {
      in.fail("too many mailboxes", ParseError::Kind::limit);
    }
  } while (several && in.ok() && in.take(' '));
  if (several) {
    in.expect(')');
  }
  return out;
}

Arguments parse_notify(Reader& in, bool) {
  NotifyArguments out;
  in.space();
  if (in.take_word("NONE")) {
    return out;
  }
  if (!in.take_word("SET")) {
    in.fail("expected SET or NONE");
  }
  in.space();
  if (in.take_word("STATUS")) {
    out.status = true;
    in.space();
  }
  std::size_t mailboxes = 0;
  std::size_t selected = 0;
  do {
    NotifyGroup group;
    in.expect('(');
    group.filter = parse_mailbox_filter(in);
    if (group.filter.kind == Kind::subtree_one) {
      in.fail("no such filter of mailboxes");
    }
    in.space();
    group.events = parse_events(in, is_selected(group.filter.kind));
    in.expect(')');
    mailboxes += group.filter.mailboxes.size();
    selected += is_selected(group.filter.kind) ? 1 : 0;
    out.groups.push_back(std::move(group));
    if (out.groups.size() > notify_groups_max || mailboxes > notify_mailboxes_max) {
      in.fail("too many mailboxes", ParseError::Kind::limit);
    }
  } while (in.ok() && in.take(' ') && !in.at_end());
  if (selected > 1) {
    in.fail("the selected mailbox is named twice");  // RFC 5465 6.1
  }
  return out;
}

}  // namespace postrider::imap
