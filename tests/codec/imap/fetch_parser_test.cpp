#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/codec/imap/command_parser.hpp>
#include <postrider/codec/imap/limits.hpp>

namespace postrider::imap {
namespace {

Result<FetchArguments, ParseError> fetch(const std::string& rest, bool uid = false) {
  auto command = parse_command((uid ? "a UID FETCH " : "a FETCH ") + rest, NameForm::utf8);
  if (!command) {
    return failure(command.error());
  }
  return std::get<FetchArguments>(std::move(command->arguments));
}

std::vector<FetchItem> items(const std::string& text) {
  auto out = fetch("1 " + text);
  EXPECT_TRUE(out.has_value()) << text << ": " << (out ? "" : out.error().text);
  return out ? out->items : std::vector<FetchItem>{};
}

TEST(ImapFetchParser, MacrosAreOpened) {  // RFC 9051 6.4.5
  using enum FetchKind;
  const std::vector<FetchItem> fast{
      {.kind = flags}, {.kind = internal_date}, {.kind = rfc822_size}};
  EXPECT_EQ(items("FAST"), fast);
  auto all = fast;
  all.push_back({.kind = envelope});
  EXPECT_EQ(items("ALL"), all);
  all.push_back({.kind = body});
  EXPECT_EQ(items("full"), all);
  EXPECT_FALSE(fetch("1 (ALL)").has_value());
  EXPECT_FALSE(fetch("1 ALL FLAGS").has_value());
}

TEST(ImapFetchParser, Items) {
  using enum FetchKind;
  EXPECT_EQ(items("(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE RFC822 "
                  "RFC822.HEADER RFC822.TEXT MODSEQ EMAILID THREADID PREVIEW SAVEDATE)"),
            (std::vector<FetchItem>{{.kind = uid},
                                    {.kind = flags},
                                    {.kind = internal_date},
                                    {.kind = rfc822_size},
                                    {.kind = envelope},
                                    {.kind = body},
                                    {.kind = body_structure},
                                    {.kind = rfc822},
                                    {.kind = rfc822_header},
                                    {.kind = rfc822_text},
                                    {.kind = modseq},
                                    {.kind = email_id},
                                    {.kind = thread_id},
                                    {.kind = preview},
                                    {.kind = save_date}}));
  EXPECT_EQ(items("preview (lazy)"), std::vector<FetchItem>{{.kind = preview_lazy}});
}

TEST(ImapFetchParser, Sections) {
  using enum Section::Text;
  const struct {
    std::string text;
    FetchItem item;
  } rows[] = {
      {"BODY[]", {.kind = FetchKind::section}},
      {"BODY.PEEK[]", {.kind = FetchKind::section, .peek = true}},
      {"body[header]", {.kind = FetchKind::section, .section = {{}, header, {}}}},
      {"BODY[TEXT]<0.2048>",
       {.kind = FetchKind::section, .section = {{}, text, {}}, .partial = Partial{0, 2048}}},
      {"BODY[TEXT]<15>",  // what others take
       {.kind = FetchKind::section, .section = {{}, text, {}}, .partial = Partial{15, UINT64_MAX}}},
      {"BODY[4.2.1]", {.kind = FetchKind::section, .section = {{4, 2, 1}, whole, {}}}},
      {"BODY[4.2.MIME]", {.kind = FetchKind::section, .section = {{4, 2}, mime, {}}}},
      {"BODY[3.HEADER.FIELDS (From \"To\" {2+}\r\nCc)]",
       {.kind = FetchKind::section, .section = {{3}, header_fields, {"From", "To", "Cc"}}}},
      {"BODY.PEEK[HEADER.FIELDS.NOT (DATE)]<1.2>",
       {.kind = FetchKind::section,
        .peek = true,
        .section = {{}, header_fields_not, {"DATE"}},
        .partial = Partial{1, 2}}},
      {"BINARY[1]<5.6>",
       {.kind = FetchKind::binary, .section = {{1}, whole, {}}, .partial = Partial{5, 6}}},
      {"BINARY.PEEK[]", {.kind = FetchKind::binary, .peek = true}},
      {"BINARY.SIZE[2.1]", {.kind = FetchKind::binary_size, .section = {{2, 1}, whole, {}}}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(items(row.text), std::vector<FetchItem>{row.item}) << row.text;
  }
}

TEST(ImapFetchParser, RefusesWhatIsNoItem) {
  std::string deep = "1";
  for (std::size_t i = 0; i < section_depth_max; ++i) {
    deep += ".1";
  }
  std::string many = "(UID";
  for (std::size_t i = 0; i < fetch_items_max; ++i) {
    many += " UID";
  }
  for (const std::string& text : {std::string("()"),
                                  std::string("(FLAGS"),
                                  std::string("FOO"),
                                  std::string("BODY["),
                                  std::string("BODY[MIME]"),
                                  std::string("BODY[0]"),
                                  std::string("BODY[1.]x"),
                                  std::string("BODY[.1]"),
                                  std::string("BODY[HEADER.FIELDS]"),
                                  std::string("BODY[HEADER.FIELDS ()]"),
                                  std::string("BODY[TEXT.1]"),
                                  std::string("BODY[*]"),
                                  std::string("BODY[]<0.0>"),
                                  std::string("BODY[]<-1.5>"),
                                  std::string("BODY[]<0.99999999999999999999>"),
                                  std::string("BINARY.SIZE[1]<0.1>"),
                                  std::string("BODY.PEEK"),
                                  std::string("FLAGS)"),
                                  std::string("FLAGS (FOO)"),
                                  std::string("FLAGS (VANISHED)"),
                                  std::string("FLAGS ()"),
                                  std::string("(FLAGS  UID)"),
                                  "BODY[" + deep + "]",
                                  many + ")",
                                  std::string(10'000, '(') + "FLAGS"}) {
    EXPECT_FALSE(fetch("1 " + text).has_value()) << text.substr(0, 60);
  }
}

TEST(ImapFetchParser, Modifiers) {  // RFC 7162 3.1.4 and 3.2.6, RFC 9394 3.3
  const auto changed = fetch("300:500 (FLAGS) (CHANGEDSINCE 12345 VANISHED)", true);
  ASSERT_TRUE(changed.has_value());
  EXPECT_TRUE(changed->uid);
  EXPECT_EQ(changed->changed_since, 12345U);
  EXPECT_TRUE(changed->vanished);
  EXPECT_EQ(fetch("1 FLAGS (CHANGEDSINCE 0)")->changed_since, 0U);
  EXPECT_EQ(fetch("1 PREVIEW (CHANGEDSINCE 1)")->changed_since, 1U);
  EXPECT_EQ(fetch("1 PREVIEW (LAZY) (CHANGEDSINCE 1)")->items.front().kind,
            FetchKind::preview_lazy);
  EXPECT_EQ(fetch("1:* FLAGS (PARTIAL -1:-100)", true)->partial, (PartialRange{1, 100, true}));
  EXPECT_EQ(fetch("1:* FLAGS (PARTIAL 500:1)", true)->partial, (PartialRange{1, 500, false}));
  EXPECT_FALSE(fetch("1 FLAGS (CHANGEDSINCE 1 VANISHED)").has_value());
  EXPECT_FALSE(fetch("1 FLAGS (VANISHED)", true).has_value());
  EXPECT_FALSE(fetch("1 FLAGS (PARTIAL 1:5)").has_value());
  EXPECT_FALSE(fetch("1 FLAGS (PARTIAL -1:5)", true).has_value());
  EXPECT_FALSE(fetch("1 FLAGS (PARTIAL 0:5)", true).has_value());
}

TEST(ImapFetchParser, KnowsWhatSetsSeen) {
  EXPECT_TRUE(sets_seen(items("BODY[]").front()));
  EXPECT_TRUE(sets_seen(items("BINARY[1]").front()));
  EXPECT_TRUE(sets_seen(items("RFC822").front()));
  EXPECT_TRUE(sets_seen(items("RFC822.TEXT").front()));
  EXPECT_FALSE(sets_seen(items("RFC822.HEADER").front()));
  EXPECT_FALSE(sets_seen(items("BODY.PEEK[]").front()));
  EXPECT_FALSE(sets_seen(items("BINARY.SIZE[1]").front()));
  EXPECT_FALSE(sets_seen(items("BODYSTRUCTURE").front()));
}

}  // namespace
}  // namespace postrider::imap
