// SEARCH, SORT, THREAD, ESEARCH (RFC 9051 6.4.4, RFC 5256 3, RFC 7377).
#include "command_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/charset.hpp>
#include <postrider/codec/imap/date_time.hpp>
#include <postrider/codec/imap/limits.hpp>

namespace postrider::imap {
namespace {

// How a key goes on after its name.
enum class Operand : std::uint8_t {
  nothing,
  flag,  // it is in the row
  no_flag,
  recent_unseen,
  not_recent,
  text,
  field,  // a text; the header field is in the row
  date,
  number,
  seconds,
  keyword,
  no_keyword,
  object,  // RFC 8474: objectid
  other,   // read by the parser itself
};
struct KeyRow {
  std::string_view name;
  SearchKind kind;
  Operand operand;
  std::uint8_t flag = 0;
  std::string_view field = {};
};

constexpr std::array key_rows = {
    KeyRow{"ALL", SearchKind::all, Operand::nothing},
    KeyRow{"ANSWERED", SearchKind::has_flag, Operand::flag, SystemFlag::answered},
    KeyRow{"BCC", SearchKind::header, Operand::field, 0, "Bcc"},
    KeyRow{"BEFORE", SearchKind::before, Operand::date},
    KeyRow{"BODY", SearchKind::body, Operand::text},
    KeyRow{"CC", SearchKind::header, Operand::field, 0, "Cc"},
    KeyRow{"DELETED", SearchKind::has_flag, Operand::flag, SystemFlag::deleted},
    KeyRow{"DRAFT", SearchKind::has_flag, Operand::flag, SystemFlag::draft},
    KeyRow{"EMAILID", SearchKind::email_id, Operand::object},
    KeyRow{"FLAGGED", SearchKind::has_flag, Operand::flag, SystemFlag::flagged},
    KeyRow{"FROM", SearchKind::header, Operand::field, 0, "From"},
    KeyRow{"FUZZY", SearchKind::all, Operand::other},
    KeyRow{"HEADER", SearchKind::header, Operand::other},
    KeyRow{"KEYWORD", SearchKind::keyword, Operand::keyword},
    KeyRow{"LARGER", SearchKind::larger, Operand::number},
    KeyRow{"MODSEQ", SearchKind::modseq, Operand::other},
    KeyRow{"NEW", SearchKind::recent, Operand::recent_unseen},
    KeyRow{"NOT", SearchKind::none_of, Operand::other},
    KeyRow{"OLD", SearchKind::recent, Operand::not_recent},
    KeyRow{"OLDER", SearchKind::older, Operand::seconds},
    KeyRow{"ON", SearchKind::on, Operand::date},
    KeyRow{"OR", SearchKind::any_of, Operand::other},
    KeyRow{"RECENT", SearchKind::recent, Operand::nothing},
    KeyRow{"SAVEDATESUPPORTED", SearchKind::save_date_supported, Operand::nothing},
    KeyRow{"SAVEDBEFORE", SearchKind::saved_before, Operand::date},
    KeyRow{"SAVEDON", SearchKind::saved_on, Operand::date},
    KeyRow{"SAVEDSINCE", SearchKind::saved_since, Operand::date},
    KeyRow{"SEEN", SearchKind::has_flag, Operand::flag, SystemFlag::seen},
    KeyRow{"SENTBEFORE", SearchKind::sent_before, Operand::date},
    KeyRow{"SENTON", SearchKind::sent_on, Operand::date},
    KeyRow{"SENTSINCE", SearchKind::sent_since, Operand::date},
    KeyRow{"SINCE", SearchKind::since, Operand::date},
    KeyRow{"SMALLER", SearchKind::smaller, Operand::number},
    KeyRow{"SUBJECT", SearchKind::header, Operand::field, 0, "Subject"},
    KeyRow{"TEXT", SearchKind::text, Operand::text},
    KeyRow{"THREADID", SearchKind::thread_id, Operand::object},
    KeyRow{"TO", SearchKind::header, Operand::field, 0, "To"},
    KeyRow{"UID", SearchKind::uid, Operand::other},
    KeyRow{"UIDAFTER", SearchKind::uid, Operand::other},   // RFC 9738 3.2
    KeyRow{"UIDBEFORE", SearchKind::uid, Operand::other},  // RFC 9738 3.2
    KeyRow{"UNANSWERED", SearchKind::has_flag, Operand::no_flag, SystemFlag::answered},
    KeyRow{"UNDELETED", SearchKind::has_flag, Operand::no_flag, SystemFlag::deleted},
    KeyRow{"UNDRAFT", SearchKind::has_flag, Operand::no_flag, SystemFlag::draft},
    KeyRow{"UNFLAGGED", SearchKind::has_flag, Operand::no_flag, SystemFlag::flagged},
    KeyRow{"UNKEYWORD", SearchKind::keyword, Operand::no_keyword},
    KeyRow{"UNSEEN", SearchKind::has_flag, Operand::no_flag, SystemFlag::seen},
    KeyRow{"YOUNGER", SearchKind::younger, Operand::seconds},
};

SearchKey negated(SearchKey key) {
  SearchKey out;
  out.kind = SearchKind::none_of;
  out.keys.push_back(std::move(key));
  return out;
}

// RFC 3501 6.4.4: NEW.
SearchKey recent_unseen() {
  SearchKey recent;
  recent.kind = SearchKind::recent;
  SearchKey seen;
  seen.kind = SearchKind::has_flag;
  seen.flag = SystemFlag::seen;
  SearchKey out;
  out.kind = SearchKind::all_of;
  out.keys = {std::move(recent), negated(std::move(seen))};
  return out;
}

// A search program, with the charset that its strings are in.
class SearchParser {
 public:
  SearchParser(Reader& in, std::string charset) : in_(in), charset_(std::move(charset)) {}

  // All keys to the end: they must all hold.
  SearchKey program() {
    SearchKey all;
    all.kind = SearchKind::all_of;
    do {
      all.keys.push_back(key(0));
    } while (in_.ok() && in_.take(' ') && !in_.at_end());
    if (all.keys.size() == 1) {
      SearchKey only = std::move(all.keys.front());
      return only;
    }
    return all;
  }

 private:
  SearchKey key(std::size_t depth);
  SearchKey list(std::size_t depth);
  void operand(const KeyRow& row, SearchKey& key);
  void special(const KeyRow& row, SearchKey& key, std::size_t depth);
  std::string text();

  Reader& in_;
  std::string charset_;
  std::size_t count_ = 0;
};

std::string SearchParser::text() {
  in_.space();
  std::string octets = in_.astring("a text to look for");
  if (octets.size() > search_text_octets_max) {
    in_.fail("the text to look for is too long", ParseError::Kind::limit);
    return {};
  }
  if (charset_.empty()) {
    if (!is_utf8(octets)) {
      in_.fail("a text that is not UTF-8");
      return {};
    }
    return octets;
  }
  return to_utf8(charset_, octets).value_or("");
}

SearchKey SearchParser::list(std::size_t depth) {
  SearchKey all;
  all.kind = SearchKind::all_of;
  do {
    all.keys.push_back(key(depth));
  } while (in_.ok() && in_.take(' '));
  in_.expect(')');
  if (in_.ok() && all.keys.size() == 1) {
    SearchKey only = std::move(all.keys.front());
    return only;
  }
  return all;
}

SearchKey SearchParser::key(std::size_t depth) {
  SearchKey key;
  if (depth > search_depth_max || ++count_ > search_keys_max) {
    in_.fail("the search is too complex", ParseError::Kind::limit);
    return key;
  }
  if (in_.take('(')) {
    return list(depth + 1);
  }
  if (in_.sees_sequence_set()) {
    key.kind = SearchKind::sequence;
    key.set = in_.sequence_set();
    return key;
  }
  const std::string_view name = in_.word("a search key");
  const auto row = std::ranges::find_if(key_rows, [name](const KeyRow& candidate) {
    return equals_ignoring_case(candidate.name, name);
  });
  if (row == key_rows.end()) {
    in_.fail("no such search key: " + quoted_for_log(name, 40));
    return key;
  }
  key.kind = row->kind;
  if (row->operand == Operand::other) {
    special(*row, key, depth + 1);
    return key;
  }
  operand(*row, key);
  switch (row->operand) {
    case Operand::no_flag:
    case Operand::no_keyword:
    case Operand::not_recent:
      return negated(std::move(key));
    case Operand::recent_unseen:
      return recent_unseen();
    default:
      return key;
  }
}

void SearchParser::operand(const KeyRow& row, SearchKey& key) {
  switch (row.operand) {
    case Operand::nothing:
    case Operand::recent_unseen:
    case Operand::not_recent:
    case Operand::other:
      return;
    case Operand::flag:
    case Operand::no_flag:
      key.flag = row.flag;
      return;
    case Operand::field:
      key.name = row.field;
      key.text = text();
      return;
    case Operand::text:
      key.text = text();
      return;
    case Operand::date: {
      in_.space();
      const auto date = parse_date(in_.astring("a date"));
      if (!date) {
        in_.fail("expected a date as 1-Feb-1994");
      }
      key.date = date.value_or(std::chrono::sys_days{});
      return;
    }
    case Operand::number:
      in_.space();
      key.number = in_.number64("a number of octets");
      return;
    case Operand::seconds:
      in_.space();
      key.number = in_.nz_number("a number of seconds");
      return;
    case Operand::keyword:
    case Operand::no_keyword:
    case Operand::object:
      in_.space();
      key.text = in_.atom(row.operand == Operand::object ? "an object's id" : "a keyword");
      return;
  }
}

void SearchParser::special(const KeyRow& row, SearchKey& key, std::size_t depth) {
  if (row.name == "NOT") {
    in_.space();
    key.keys.push_back(this->key(depth));
  } else if (row.name == "OR") {
    in_.space();
    key.keys.push_back(this->key(depth));
    in_.space();
    key.keys.push_back(this->key(depth));
  } else if (row.name == "FUZZY") {
    in_.space();
    key = this->key(depth);
    key.fuzzy = true;
  } else if (row.name == "UID") {
    in_.space();
    key.set = in_.sequence_set();
  } else if (row.name == "UIDAFTER" || row.name == "UIDBEFORE") {
    in_.space();
    const std::uint32_t edge = in_.nz_number("a UID");
    const bool is_after = row.name == "UIDAFTER";
    if (edge != (is_after ? UINT32_MAX : 1)) {  // else there is none
      key.set.ranges = {is_after ? SequenceSet::Range{edge + 1, UINT32_MAX}
                                 : SequenceSet::Range{1, edge - 1}};
    }
  } else if (row.name == "HEADER") {
    in_.space();
    key.name = in_.astring("a header field's name");
    key.text = text();
  } else {  // MODSEQ [entry-name SP entry-type-req] SP mod-sequence-valzer (RFC 7162 3.1.5)
    in_.space();
    if (in_.sees('"')) {
      key.name = in_.string("an entry's name");
      in_.space();
      if (!in_.take_word("all") && !in_.take_word("priv") && !in_.take_word("shared")) {
        in_.fail("expected all, priv or shared");
      }
      in_.space();
    }
    key.number = in_.number64("a modification sequence");
  }
}

std::string charset_name(Reader& in) {
  std::string charset = in.astring("a charset");
  if (in.ok() && !is_known_charset(charset)) {
    in.fail("the charset is not known", ParseError::Kind::bad_charset);
  }
  return charset;
}

void return_option(Reader& in, ReturnOptions& options) {
  const std::string_view name = in.word("a return option");
  const auto is = [name](std::string_view wanted) { return equals_ignoring_case(name, wanted); };
  if (is("MIN")) {
    options.min = true;
  } else if (is("MAX")) {
    options.max = true;
  } else if (is("ALL")) {
    options.all = true;
  } else if (is("COUNT")) {
    options.count = true;
  } else if (is("SAVE")) {
    options.save = true;
  } else if (is("RELEVANCY")) {
    options.relevancy = true;
  } else if (is("PARTIAL")) {
    in.space();
    options.partial = parse_partial_range(in);
  } else {
    in.fail("no such return option");
  }
}

}  // namespace

bool mentions(const SearchKey& key, SearchKind kind) {
  return key.kind == kind || std::ranges::any_of(key.keys, [kind](const SearchKey& one) {
           return mentions(one, kind);
         });
}

bool is_fuzzy(const SearchKey& key) {
  return key.fuzzy || std::ranges::any_of(key.keys, is_fuzzy);
}

PartialRange parse_partial_range(Reader& in) {
  PartialRange range;
  range.from_end = in.take('-');
  range.first = in.nz_number("a range");
  in.expect(':');
  if (range.from_end) {
    in.expect('-');
  }
  range.last = in.nz_number("a range");
  if (range.first > range.last) {
    std::swap(range.first, range.last);
  }
  return range;
}

ReturnOptions parse_return_options(Reader& in) {
  ReturnOptions options;
  options.given = true;
  in.expect('(');
  if (!in.sees(')')) {
    do {
      return_option(in, options);
    } while (in.ok() && in.take(' '));
  }
  in.expect(')');
  if (options.partial && options.all) {
    in.fail("PARTIAL and ALL exclude each other");  // RFC 9394 3.1
  }
  // RFC 4731 3.1: no option means ALL. SAVE alone returns nothing (RFC 5182 2.1).
  options.all |=
      !options.min && !options.max && !options.count && !options.partial && !options.save;
  return options;
}

SearchArguments parse_search_program(Reader& in, bool uid) {
  SearchArguments out;
  out.uid = uid;
  if (in.take_word("RETURN")) {
    in.space();
    out.options = parse_return_options(in);
    in.space();
  }
  std::string charset;
  if (in.take_word("CHARSET")) {
    in.space();
    charset = charset_name(in);
    in.space();
  }
  out.key = SearchParser(in, std::move(charset)).program();
  if (out.options.relevancy && !is_fuzzy(out.key)) {
    in.fail("RELEVANCY goes with FUZZY only");
  }
  return out;
}

Arguments parse_search(Reader& in, bool uid) {
  in.space();
  return parse_search_program(in, uid);
}

Arguments parse_sort(Reader& in, bool uid) {
  using Key = SortCriterion::Key;
  constexpr std::array<std::pair<std::string_view, Key>, 10> names = {{
      {"ARRIVAL", Key::arrival},
      {"CC", Key::cc},
      {"DATE", Key::date},
      {"FROM", Key::from},
      {"SIZE", Key::size},
      {"SUBJECT", Key::subject},
      {"TO", Key::to},
      {"DISPLAYFROM", Key::display_from},
      {"DISPLAYTO", Key::display_to},
      {"RELEVANCY", Key::relevancy},
  }};
  SortArguments out;
  in.space();
  ReturnOptions options;
  if (in.take_word("RETURN")) {  // ESORT: RFC 5267 3
    in.space();
    options = parse_return_options(in);
    in.space();
  }
  in.expect('(');
  do {
    SortCriterion criterion;
    if (in.take_word("REVERSE")) {
      criterion.reverse = true;
      in.space();
    }
    const std::string_view name = in.word("a sort key");
    const auto row = std::ranges::find_if(
        names, [name](const auto& one) { return equals_ignoring_case(one.first, name); });
    if (row == names.end() || out.criteria.size() == sort_criteria_max) {
      in.fail("no such sort key, or too many");
      break;
    }
    criterion.key = row->second;
    out.criteria.push_back(criterion);
  } while (in.ok() && in.take(' '));
  in.expect(')');
  in.space();
  std::string charset = charset_name(in);
  in.space();
  out.search.uid = uid;
  out.search.options = options;
  out.search.key = SearchParser(in, std::move(charset)).program();
  const bool by_relevancy = std::ranges::any_of(
      out.criteria, [](const SortCriterion& one) { return one.key == Key::relevancy; });
  if ((by_relevancy || options.relevancy) && !is_fuzzy(out.search.key)) {
    in.fail("RELEVANCY goes with FUZZY only");
  }
  return out;
}

Arguments parse_thread(Reader& in, bool uid) {
  ThreadArguments out;
  in.space();
  if (in.take_word("REFERENCES")) {
    out.algorithm = ThreadAlgorithm::references;
  } else if (in.take_word("ORDEREDSUBJECT")) {
    out.algorithm = ThreadAlgorithm::ordered_subject;
  } else {
    in.fail("expected REFERENCES or ORDEREDSUBJECT");
  }
  in.space();
  std::string charset = charset_name(in);
  in.space();
  out.search.uid = uid;
  out.search.key = SearchParser(in, std::move(charset)).program();
  return out;
}

Arguments parse_esearch(Reader& in, bool) {
  MultisearchArguments out;
  in.space();
  if (in.take_word("IN")) {
    in.take_prefix(" ");
    in.expect('(');
    std::size_t mailboxes = 0;
    do {
      out.sources.push_back(parse_mailbox_filter(in));
      mailboxes += 1 + out.sources.back().mailboxes.size();
      if (out.sources.back().kind == MailboxFilter::Kind::selected_delayed) {
        in.fail("selected-delayed is no source");  // RFC 7377 2.2
      }
      if (mailboxes > notify_mailboxes_max) {
        in.fail("too many mailboxes", ParseError::Kind::limit);
      }
    } while (in.ok() && !in.sees(')') && in.take(' ') && !in.sees('('));
    if (in.sees('(')) {
      in.fail("no scope option is known");
    }
    in.expect(')');
    in.space();
  }
  out.search = parse_search_program(in, true);
  return out;
}

}  // namespace postrider::imap
