#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/codec/imap/command_parser.hpp>
#include <postrider/codec/imap/limits.hpp>

namespace postrider::imap {
namespace {

template <class T = SearchArguments>
Result<T, ParseError> parse(const std::string& text) {
  auto command = parse_command("a " + text, NameForm::utf8);
  if (!command) {
    return failure(command.error());
  }
  return std::get<T>(std::move(command->arguments));
}

// A key as a line that a person can read.
std::string shown(const SearchKey& key) {
  using enum SearchKind;
  constexpr std::string_view names[] = {"all",          "all_of",
                                        "any_of",       "none_of",
                                        "sequence",     "uid",
                                        "has_flag",     "keyword",
                                        "recent",       "header",
                                        "body",         "text",
                                        "before",       "on",
                                        "since",        "sent_before",
                                        "sent_on",      "sent_since",
                                        "saved_before", "saved_on",
                                        "saved_since",  "save_date_supported",
                                        "larger",       "smaller",
                                        "older",        "younger",
                                        "modseq",       "email_id",
                                        "thread_id"};
  std::string out = key.fuzzy ? "~" : "";
  out += names[static_cast<std::size_t>(key.kind)];
  out += key.flag != 0 ? ' ' + std::to_string(key.flag) : "";
  out += key.name.empty() ? "" : " [" + key.name + ']';
  out += key.text.empty() ? "" : " '" + key.text + '\'';
  out += key.number == 0 ? "" : ' ' + std::to_string(key.number);
  out += key.date == std::chrono::sys_days{}
             ? ""
             : " day " + std::to_string(key.date.time_since_epoch().count());
  out += key.set == SequenceSet{} ? "" : ' ' + encode_sequence_set(key.set);
  if (!key.keys.empty()) {
    out += " (";
    for (const SearchKey& one : key.keys) {
      out += (out.ends_with('(') ? "" : ", ") + shown(one);
    }
    out += ')';
  }
  return out;
}

TEST(ImapSearchParser, Keys) {  // RFC 9051 6.4.4
  const struct {
    std::string text;
    std::string shown;
  } rows[] = {
      {"ALL", "all"},
      {"unseen", "none_of (has_flag 1)"},
      {"1:5,* FLAGGED", "all_of (sequence 1:5,*, has_flag 4)"},
      {"$", "sequence $"},
      {"UID $", "uid $"},
      {"FROM \"Smith\"", "header [From] 'Smith'"},
      {"HEADER X-Foo \"\"", "header [X-Foo]"},
      {"TEXT {4+}\r\na\r\nb", "text 'a\r\nb'"},
      {"NOT (SEEN DELETED)", "none_of (all_of (has_flag 1, has_flag 8))"},
      {"OR SEEN OR DRAFT ANSWERED", "any_of (has_flag 1, any_of (has_flag 16, has_flag 2))"},
      {"((ALL))", "all"},
      {"KEYWORD $Junk UNKEYWORD x", "all_of (keyword '$Junk', none_of (keyword 'x'))"},
      {"SINCE 1-Feb-1994", "since day 8797"},
      {"BEFORE \"01-Jan-1970\" ON 2-Jan-1970", "all_of (before, on day 1)"},
      {"SENTSINCE 1-feb-1994 SAVEDON 1-Feb-1994",
       "all_of (sent_since day 8797, saved_on day 8797)"},
      {"LARGER 4294967296 SMALLER 1", "all_of (larger 4294967296, smaller 1)"},
      {"OLDER 3600 YOUNGER 60", "all_of (older 3600, younger 60)"},
      {"MODSEQ 620162338", "modseq 620162338"},
      {"MODSEQ \"/flags/\\\\draft\" all 5", "modseq [/flags/\\draft] 5"},
      {"NEW OLD RECENT",
       "all_of (all_of (recent, none_of (has_flag 1)), none_of (recent), recent)"},
      {"EMAILID M1 THREADID T-2", "all_of (email_id 'M1', thread_id 'T-2')"},
      {"FUZZY SUBJECT x FUZZY (BODY y)", "all_of (~header [Subject] 'x', ~body 'y')"},
      {"SAVEDATESUPPORTED", "save_date_supported"},
      {"UIDAFTER 5 UIDBEFORE 9", "all_of (uid 6:4294967295, uid 1:8)"},
      {"UIDBEFORE 1", "uid"},
      {"UIDAFTER 4294967295", "uid"},
      {"CHARSET KOI8-R SUBJECT {3+}\r\n\xC4\xC1!", "header [Subject] '\xD0\xB4\xD0\xB0!'"},
      {"CHARSET UTF-8 BODY \"\xC3\xBC\"", "body '\xC3\xBC'"},
      {"ALL ", "all"},
  };
  for (const auto& row : rows) {
    const auto got = parse("SEARCH " + row.text);
    ASSERT_TRUE(got.has_value()) << row.text << ": " << got.error().text;
    EXPECT_EQ(shown(got->key), row.shown) << row.text;
    EXPECT_FALSE(got->uid);
  }
  EXPECT_TRUE(parse("UID SEARCH ALL")->uid);
}

TEST(ImapSearchParser, RefusesWhatIsNoProgram) {
  for (const std::string_view text : {"",
                                      "(",
                                      "()",
                                      ")",
                                      "(ALL",
                                      "ALL)",
                                      "FOO",
                                      "NOT",
                                      "OR SEEN",
                                      "FROM",
                                      "FROM (x)",
                                      "SINCE 32-Feb-1994",
                                      "SINCE 1994-02-01",
                                      "SINCE 1-Feb-94",
                                      "LARGER -1",
                                      "LARGER x",
                                      "OLDER 0",
                                      "KEYWORD \\Seen",
                                      "HEADER x",
                                      "MODSEQ x",
                                      "MODSEQ \"x\" foo 5",
                                      "UID",
                                      "UID x",
                                      "UIDAFTER",
                                      "UIDAFTER 0",
                                      "UIDBEFORE 1:2",
                                      "ALLSEEN",
                                      "CHARSET UTF-8",
                                      "BODY {1+}\r\n\xFF",
                                      "FUZZY",
                                      "1 2x",
                                      "SEEN  DELETED"}) {
    EXPECT_FALSE(parse("SEARCH " + std::string(text)).has_value()) << text;
  }
  const auto charset = parse("SEARCH CHARSET X-FOO ALL");
  ASSERT_FALSE(charset.has_value());
  EXPECT_EQ(charset.error().kind, ParseError::Kind::bad_charset);
}

TEST(ImapSearchParser, ReturnOptions) {  // RFC 4731 3.1, RFC 5182 2.1, RFC 9394 3.1
  EXPECT_FALSE(parse("SEARCH ALL")->options.given);
  EXPECT_EQ(parse("SEARCH RETURN () ALL")->options, (ReturnOptions{.given = true, .all = true}));
  EXPECT_EQ(parse("SEARCH RETURN (MIN COUNT max) ALL")->options,
            (ReturnOptions{.given = true, .min = true, .max = true, .count = true}));
  EXPECT_EQ(parse("SEARCH RETURN (SAVE) ALL")->options,
            (ReturnOptions{.given = true, .save = true}));
  EXPECT_EQ(parse("SEARCH RETURN (PARTIAL 1:500) CHARSET UTF-8 ALL")->options,
            (ReturnOptions{.given = true, .partial = PartialRange{1, 500, false}}));
  EXPECT_FALSE(parse("SEARCH RETURN (PARTIAL 1:5 ALL) ALL").has_value());
  EXPECT_FALSE(parse("SEARCH RETURN (FOO) ALL").has_value());
  EXPECT_FALSE(parse("SEARCH RETURN ALL").has_value());
}

TEST(ImapSearchParser, ComplexityIsBounded) {
  const auto nested = [](std::size_t depth, const std::string& open, const std::string& close) {
    std::string text = "SEARCH ";
    for (std::size_t i = 0; i < depth; ++i) {
      text += open;
    }
    text += "ALL";
    for (std::size_t i = 0; i < depth; ++i) {
      text += close;
    }
    return text;
  };
  EXPECT_TRUE(parse(nested(100, "(", ")")).has_value());
  EXPECT_TRUE(parse(nested(100, "OR SEEN ", "")).has_value());
  for (const auto& [open, close] :
       {std::pair{"(", ")"}, {"NOT ", ""}, {"OR SEEN ", ""}, {"FUZZY ", ""}}) {
    const auto got = parse(nested(10'000, open, close));
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().kind, ParseError::Kind::limit);
  }
  std::string wide = "SEARCH ALL";
  for (std::size_t i = 1; i < search_keys_max; ++i) {
    wide += " ALL";
  }
  EXPECT_TRUE(parse(wide).has_value());
  EXPECT_EQ(parse(wide + " ALL").error().kind, ParseError::Kind::limit);
  const std::string text(search_text_octets_max, 'x');
  EXPECT_TRUE(parse("SEARCH BODY " + text).has_value());
  EXPECT_EQ(parse("SEARCH BODY x" + text).error().kind, ParseError::Kind::limit);
}

TEST(ImapSearchParser, KnowsWhatItMentions) {
  EXPECT_TRUE(mentions(parse("SEARCH NOT OR SEEN (ALL MODSEQ 5)")->key, SearchKind::modseq));
  EXPECT_FALSE(mentions(parse("SEARCH NOT OR SEEN (ALL)")->key, SearchKind::modseq));
}

TEST(ImapSearchParser, SortAndThread) {  // RFC 5256 3, RFC 5957, RFC 5267 3
  using Key = SortCriterion::Key;
  const auto sort = parse<SortArguments>(
      "UID SORT RETURN (COUNT) (SUBJECT REVERSE DATE displayfrom) UTF-8 UNSEEN");
  ASSERT_TRUE(sort.has_value());
  EXPECT_EQ(sort->criteria,
            (std::vector<SortCriterion>{{Key::subject}, {Key::date, true}, {Key::display_from}}));
  EXPECT_TRUE(sort->search.uid);
  EXPECT_TRUE(sort->search.options.count);
  EXPECT_EQ(shown(sort->search.key), "none_of (has_flag 1)");
  const auto thread = parse<ThreadArguments>("THREAD REFERENCES us-ascii SINCE 5-MAR-2000");
  ASSERT_TRUE(thread.has_value());
  EXPECT_EQ(thread->algorithm, ThreadAlgorithm::references);
  for (const std::string_view text :
       {"SORT () UTF-8 ALL", "SORT (REVERSE) UTF-8 ALL", "SORT (FOO) UTF-8 ALL",
        "SORT SUBJECT UTF-8 ALL", "SORT (DATE) ALL", "SORT (DATE) UTF-8", "THREAD FOO UTF-8 ALL",
        "THREAD REFERENCES ALL"}) {
    EXPECT_FALSE(parse_command("a " + std::string(text), NameForm::utf8).has_value()) << text;
  }
}

TEST(ImapSearchParser, Multisearch) {  // RFC 7377
  const auto all = parse<MultisearchArguments>(
      "ESEARCH IN (selected mailboxes (a \"b c\") subtree-one x personal) RETURN (COUNT) "
      "CHARSET UTF-8 UNSEEN");
  ASSERT_TRUE(all.has_value());
  ASSERT_EQ(all->sources.size(), 4U);
  EXPECT_EQ(all->sources[1].mailboxes, (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(all->sources[2].kind, MailboxFilter::Kind::subtree_one);
  EXPECT_TRUE(all->search.uid);
  EXPECT_TRUE(all->search.options.count);
  EXPECT_TRUE(parse<MultisearchArguments>("ESEARCH ALL")->sources.empty());
  for (const std::string_view text :
       {"ESEARCH IN () ALL", "ESEARCH IN (foo) ALL", "ESEARCH IN (selected-delayed) ALL",
        "ESEARCH IN (personal (foo)) ALL", "ESEARCH IN personal ALL"}) {
    EXPECT_FALSE(parse_command("a " + std::string(text), NameForm::utf8).has_value()) << text;
  }
}

}  // namespace
}  // namespace postrider::imap
