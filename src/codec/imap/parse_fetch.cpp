// FETCH, STORE, COPY and MOVE, EXPUNGE (RFC 9051 6.4).
#include "command_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/limits.hpp>

namespace postrider::imap {
namespace {

// "BODY" is none of these: it may be three things.
constexpr std::array<std::pair<std::string_view, FetchKind>, 14> plain_items = {{
    {"UID", FetchKind::uid},
    {"FLAGS", FetchKind::flags},
    {"INTERNALDATE", FetchKind::internal_date},
    {"RFC822.SIZE", FetchKind::rfc822_size},
    {"ENVELOPE", FetchKind::envelope},
    {"BODYSTRUCTURE", FetchKind::body_structure},
    {"RFC822", FetchKind::rfc822},
    {"RFC822.HEADER", FetchKind::rfc822_header},
    {"RFC822.TEXT", FetchKind::rfc822_text},
    {"MODSEQ", FetchKind::modseq},
    {"EMAILID", FetchKind::email_id},
    {"THREADID", FetchKind::thread_id},
    {"SAVEDATE", FetchKind::save_date},
    {"PREVIEW", FetchKind::preview},
}};

// Of BINARY, too: RFC 9051 9 has part numbers only there, others take what BODY takes.
Section parse_section(Reader& in) {
  Section section;
  in.expect('[');
  while (in.ok() && !in.sees(']')) {
    if (in.sees_sequence_set()) {
      section.part.push_back(in.nz_number("a part's number"));
      if (section.part.size() > section_depth_max) {
        in.fail("the part lies too deep");
      }
      if (!in.take('.')) {
        break;
      }
      continue;
    }
    const std::string_view text = in.word("a section");
    const auto is = [text](std::string_view name) { return equals_ignoring_case(text, name); };
    if (is("HEADER")) {
      section.text = Section::Text::header;
    } else if (is("HEADER.FIELDS")) {
      section.text = Section::Text::header_fields;
    } else if (is("HEADER.FIELDS.NOT")) {
      section.text = Section::Text::header_fields_not;
    } else if (is("TEXT")) {
      section.text = Section::Text::text;
    } else if (is("MIME") && !section.part.empty()) {
      section.text = Section::Text::mime;
    } else {
      in.fail("no such section");
    }
    break;
  }
  if (section.text == Section::Text::header_fields ||
      section.text == Section::Text::header_fields_not) {
    in.space();
    in.expect('(');
    do {
      section.names.push_back(in.astring("a header field's name"));
      if (section.names.size() > header_names_max) {
        in.fail("too many header fields", ParseError::Kind::limit);
      }
    } while (in.ok() && in.take(' '));
    in.expect(')');
  }
  in.expect(']');
  return section;
}

std::optional<Partial> parse_partial(Reader& in) {
  if (!in.take('<')) {
    return std::nullopt;
  }
  Partial partial;
  partial.offset = in.number64("an offset");
  if (in.take('>')) {
    // Not in RFC 9051's grammar; others take it for all the rest, and some clients send it.
    partial.octets = UINT64_MAX;
    return partial;
  }
  in.expect('.');
  partial.octets = in.number64("a count of octets");
  if (partial.octets == 0) {
    in.fail("a partial fetch of nothing");
  }
  in.expect('>');
  return partial;
}

FetchItem parse_item(Reader& in) {
  FetchItem item;
  const std::string_view name = in.word("a fetch item");
  const auto is = [name](std::string_view wanted) { return equals_ignoring_case(name, wanted); };
  const bool peek = is("BODY.PEEK") || is("BINARY.PEEK");
  if (is("BODY") && !in.sees('[')) {
    item.kind = FetchKind::body;
    return item;
  }
  if (is("BODY") || is("BODY.PEEK") || is("BINARY") || is("BINARY.PEEK")) {
    const bool binary = starts_with_ignoring_case(name, "BINARY");
    item.kind = binary ? FetchKind::binary : FetchKind::section;
    item.peek = peek;
    item.section = parse_section(in);
    item.partial = parse_partial(in);
    return item;
  }
  if (is("BINARY.SIZE")) {
    item.kind = FetchKind::binary_size;
    item.section = parse_section(in);
    return item;
  }
  const auto row = std::ranges::find_if(
      plain_items, [name](const auto& one) { return equals_ignoring_case(one.first, name); });
  if (row == plain_items.end()) {
    in.fail("no such fetch item: " + quoted_for_log(name, 40));
    return item;
  }
  item.kind = row->second;
  if (item.kind == FetchKind::preview && in.take_prefix(" (LAZY)")) {
    item.kind = FetchKind::preview_lazy;
  }
  return item;
}

// RFC 9051 6.4.5: ALL, FAST and FULL, which stand alone.
bool take_macro(Reader& in, std::vector<FetchItem>& items) {
  const bool fast = in.take_word("FAST");
  const bool all = !fast && in.take_word("ALL");
  const bool full = !fast && !all && in.take_word("FULL");
  if (!fast && !all && !full) {
    return false;
  }
  for (const FetchKind kind :
       {FetchKind::flags, FetchKind::internal_date, FetchKind::rfc822_size}) {
    items.push_back({.kind = kind});
  }
  if (!fast) {
    items.push_back({.kind = FetchKind::envelope});
  }
  if (full) {
    items.push_back({.kind = FetchKind::body});
  }
  return true;
}

// After " (".
void parse_modifiers(Reader& in, FetchArguments& out) {
  do {
    if (in.take_word("CHANGEDSINCE")) {
      in.space();
      out.changed_since = in.number64("a modification sequence");
    } else if (in.take_word("VANISHED")) {
      out.vanished = true;
    } else if (in.take_word("PARTIAL")) {
      in.space();
      out.partial = parse_partial_range(in);
    } else {
      in.fail("no such fetch modifier");
    }
  } while (in.ok() && in.take(' '));
  in.expect(')');
  if (out.vanished && (!out.uid || !out.changed_since)) {
    in.fail("VANISHED needs UID FETCH and CHANGEDSINCE");  // RFC 7162 3.2.6
  }
  if (out.partial && !out.uid) {
    in.fail("PARTIAL needs UID FETCH");  // RFC 9394 3.3
  }
}

}  // namespace

bool sets_seen(const FetchItem& item) {
  const bool reads = item.kind == FetchKind::section || item.kind == FetchKind::binary ||
                     item.kind == FetchKind::rfc822 || item.kind == FetchKind::rfc822_text;
  return reads && !item.peek;
}

std::vector<FetchItem> parse_fetch_items(Reader& in) {
  std::vector<FetchItem> items;
  in.expect('(');
  do {
    items.push_back(parse_item(in));
    if (items.size() > fetch_items_max) {
      in.fail("too many fetch items", ParseError::Kind::limit);
    }
  } while (in.ok() && in.take(' '));
  in.expect(')');
  return items;
}

Arguments parse_fetch(Reader& in, bool uid) {
  FetchArguments out;
  out.uid = uid;
  in.space();
  out.set = in.sequence_set();
  in.space();
  if (in.sees('(')) {
    out.items = parse_fetch_items(in);
  } else if (!take_macro(in, out.items)) {
    out.items.push_back(parse_item(in));
  }
  if (in.take_prefix(" (")) {
    parse_modifiers(in, out);
  }
  return out;
}

Arguments parse_store(Reader& in, bool uid) {
  StoreArguments out;
  out.uid = uid;
  in.space();
  out.set = in.sequence_set();
  in.space();
  if (in.take('(')) {
    if (!in.take_word("UNCHANGEDSINCE")) {
      in.fail("no such store modifier");
    }
    in.space();
    out.unchanged_since = in.number64("a modification sequence");
    in.expect(')');
    in.space();
  }
  if (in.take('+')) {
    out.change = StoreArguments::Change::add;
  } else if (in.take('-')) {
    out.change = StoreArguments::Change::remove;
  }
  const std::string_view name = in.word("FLAGS");
  out.silent = equals_ignoring_case(name, "FLAGS.SILENT");
  if (!out.silent && !equals_ignoring_case(name, "FLAGS")) {
    in.fail("expected FLAGS or FLAGS.SILENT");
  }
  in.space();
  out.flags = in.flag_list(true);
  return out;
}

Arguments parse_copy(Reader& in, bool uid) {
  CopyArguments out;
  out.uid = uid;
  in.space();
  out.set = in.sequence_set();
  in.space();
  out.mailbox = in.mailbox();
  return out;
}

Arguments parse_expunge(Reader& in, bool uid) {
  ExpungeArguments out;
  if (uid) {
    in.space();
    out.uids = in.sequence_set();
  }
  return out;
}

}  // namespace postrider::imap
