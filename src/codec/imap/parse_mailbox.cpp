// The commands that name mailboxes (RFC 9051 6.3).
#include "command_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/limits.hpp>

namespace postrider::imap {
namespace {

constexpr std::array<std::pair<std::string_view, StatusItem>, 11> status_items = {{
    {"MESSAGES", StatusItem::messages},
    {"UIDNEXT", StatusItem::uid_next},
    {"UIDVALIDITY", StatusItem::uid_validity},
    {"UNSEEN", StatusItem::unseen},
    {"DELETED", StatusItem::deleted},
    {"SIZE", StatusItem::size},
    {"RECENT", StatusItem::recent},
    {"HIGHESTMODSEQ", StatusItem::highest_modseq},
    {"APPENDLIMIT", StatusItem::append_limit},
    {"MAILBOXID", StatusItem::mailbox_id},
    {"DELETED-STORAGE", StatusItem::deleted_storage},
}};

// RFC 7162 3.2.5: "(" uidvalidity SP mod-sequence [SP known-uids] [SP "(" numbers SP uids ")"] ")".
QresyncParameters parse_qresync(Reader& in) {
  QresyncParameters out;
  in.expect('(');
  out.uid_validity = in.nz_number("a UIDVALIDITY");
  in.space();
  out.modseq = in.number64("a modification sequence");
  if (out.modseq == 0) {
    in.fail("expected a modification sequence, not 0");
  }
  bool more = in.take(' ');
  if (more && !in.sees('(')) {
    out.known_uids = in.plain_set("known UIDs");
    more = in.take(' ');
  }
  if (more) {
    in.expect('(');
    out.match_numbers = in.plain_set("message numbers");
    in.space();
    out.match_uids = in.plain_set("UIDs");
    in.expect(')');
  }
  in.expect(')');
  return out;
}

void parse_list_selection(Reader& in, ListArguments& out) {
  out.extended = true;
  in.expect('(');
  if (in.take(')')) {
    return;
  }
  do {
    const std::string_view name = in.word("a selection option");
    const auto is = [name](std::string_view wanted) { return equals_ignoring_case(name, wanted); };
    if (is("SUBSCRIBED")) {
      out.select_subscribed = true;
    } else if (is("REMOTE")) {
      out.select_remote = true;
    } else if (is("RECURSIVEMATCH")) {
      out.select_recursive_match = true;
    } else if (is("SPECIAL-USE")) {
      out.select_special_use = true;
    } else {
      in.fail("no such selection option");
    }
  } while (in.ok() && in.take(' '));
  in.expect(')');
  // RFC 9051 6.3.9.1: it modifies another option.
  if (out.select_recursive_match && !out.select_subscribed && !out.select_special_use) {
    in.fail("RECURSIVEMATCH needs another selection option");
  }
}

void parse_list_return(Reader& in, ListArguments& out) {
  out.extended = true;
  in.expect('(');
  if (in.take(')')) {
    return;
  }
  do {
    const std::string_view name = in.word("a return option");
    const auto is = [name](std::string_view wanted) { return equals_ignoring_case(name, wanted); };
    if (is("SUBSCRIBED")) {
      out.return_subscribed = true;
    } else if (is("CHILDREN")) {
      out.return_children = true;
    } else if (is("SPECIAL-USE")) {
      out.return_special_use = true;
    } else if (is("MYRIGHTS")) {
      out.return_my_rights = true;
    } else if (is("STATUS")) {
      in.space();
      out.return_status = parse_status_items(in);
    } else {
      in.fail("no such return option");
    }
  } while (in.ok() && in.take(' '));
  in.expect(')');
}

}  // namespace

std::vector<StatusItem> parse_status_items(Reader& in) {
  std::vector<StatusItem> items;
  in.expect('(');
  do {
    const std::string_view name = in.word("a status item");
    const auto row = std::ranges::find_if(
        status_items, [name](const auto& one) { return equals_ignoring_case(one.first, name); });
    if (row == status_items.end()) {
      in.fail("no such status item: " + quoted_for_log(name, 40));
    } else if (std::ranges::find(items, row->second) == items.end()) {
      items.push_back(row->second);
    }
  } while (in.ok() && in.take(' '));
  in.expect(')');
  return items;
}

Arguments parse_one_mailbox(Reader& in, bool) {
  in.space();
  return MailboxArguments{in.mailbox()};
}

Arguments parse_select(Reader& in, bool) {
  SelectArguments out;
  in.space();
  out.mailbox = in.mailbox();
  if (in.take_prefix(" (")) {
    do {
      if (in.take_word("CONDSTORE")) {
        out.condstore = true;
      } else if (in.take_word("QRESYNC")) {
        in.space();
        out.qresync = parse_qresync(in);
      } else {
        in.fail("no such parameter");
      }
    } while (in.ok() && in.take(' '));
    in.expect(')');
  }
  return out;
}

Arguments parse_create(Reader& in, bool) {
  CreateArguments out;
  in.space();
  out.mailbox = in.mailbox();
  if (!in.take_prefix(" (")) {
    return out;
  }
  if (!in.take_word("USE")) {
    in.fail("no such parameter");
  }
  in.space();
  in.expect('(');
  while (in.ok() && !in.sees(')')) {
    in.expect('\\');
    const std::string_view name = in.atom("a use");
    const auto use = parse_special_use('\\' + std::string(name));
    if (in.ok() && !use) {
      in.fail("no such use of a mailbox", ParseError::Kind::use_attribute);
    } else if (in.ok() && std::ranges::find(out.uses, *use) == out.uses.end()) {
      out.uses.push_back(*use);
    }
    if (!in.sees(')')) {
      in.space();
    }
  }
  in.expect(')');
  in.expect(')');
  return out;
}

Arguments parse_rename(Reader& in, bool) {
  RenameArguments out;
  in.space();
  out.from = in.mailbox();
  in.space();
  out.to = in.mailbox();
  return out;
}

Arguments parse_list(Reader& in, bool) {
  ListArguments out;
  in.space();
  if (in.sees('(')) {
    parse_list_selection(in, out);
    in.space();
  }
  out.reference = in.list_mailbox();
  in.space();
  if (in.take('(')) {
    out.extended = true;
    do {
      out.patterns.push_back(in.list_mailbox());
      if (out.patterns.size() > list_patterns_max) {
        in.fail("too many patterns", ParseError::Kind::limit);
      }
    } while (in.ok() && in.take(' '));
    in.expect(')');
  } else {
    out.patterns.push_back(in.list_mailbox());
  }
  if (in.take_prefix(" RETURN ")) {
    parse_list_return(in, out);
  }
  return out;
}

Arguments parse_lsub(Reader& in, bool) {
  ListArguments out;
  in.space();
  out.reference = in.list_mailbox();
  in.space();
  out.patterns.push_back(in.list_mailbox());
  return out;
}

Arguments parse_status(Reader& in, bool) {
  StatusArguments out;
  in.space();
  out.mailbox = in.mailbox();
  in.space();
  out.items = parse_status_items(in);
  return out;
}

}  // namespace postrider::imap
