#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/codec/imap/command_parser.hpp>
#include <postrider/codec/imap/date_time.hpp>
#include <postrider/codec/imap/limits.hpp>

namespace postrider::imap {
namespace {

using Outcome = AppendParser::Outcome;

// Feeds the texts; the last one ends the command. "" if all went well.
std::string error_of(const std::vector<std::string>& texts, Command* command = nullptr) {
  AppendParser parser(NameForm::modified_utf7);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const bool ends = i + 1 == texts.size();
    const auto outcome = parser.feed(texts[i], ends);
    if (!outcome) {
      return outcome.error().text;
    }
    EXPECT_EQ(*outcome == Outcome::end, ends);
  }
  if (command != nullptr) {
    *command = parser.take_command();
  }
  return "";
}

TEST(ImapAppendParser, OneMessage) {  // RFC 9051 6.3.12
  Command command;
  EXPECT_EQ(error_of({"A003 APPEND saved-messages (\\Seen $Forwarded) \" 1-Feb-1994 21:52:25 "
                      "-0800\" {326}",
                      ""},
                     &command),
            "");
  EXPECT_EQ(command.tag, "A003");
  EXPECT_EQ(command.verb, Verb::append);
  const auto& append = std::get<AppendArguments>(command.arguments);
  EXPECT_EQ(append.mailbox, "saved-messages");
  EXPECT_EQ(append.messages,
            std::vector<AppendMessage>({{{SystemFlag::seen, {"$Forwarded"}},
                                         parse_date_time("01-Feb-1994 21:52:25 -0800"),
                                         326,
                                         false,
                                         false}}));
}

TEST(ImapAppendParser, TheMailboxMayBeALiteral) {
  AppendParser parser(NameForm::utf8);
  EXPECT_EQ(parser.feed("A APPEND {5}", false), Outcome::name);
  EXPECT_EQ(parser.feed("A APPEND {5}\r\na b/c {10+}", false), Outcome::message);
  EXPECT_EQ(parser.arguments().mailbox, "a b/c");
  EXPECT_EQ(parser.arguments().messages.back().octets, 10U);
  EXPECT_EQ(parser.feed("", true), Outcome::end);
}

TEST(ImapAppendParser, SeveralMessagesAndUtf8) {  // RFC 3502, RFC 3516, RFC 6855 4
  Command command;
  EXPECT_EQ(
      error_of({"A APPEND x {10}", " (\\Draft) ~{20+}", " UTF8 (~{30}", ") {40}", ""}, &command),
      "");
  const auto& messages = std::get<AppendArguments>(command.arguments).messages;
  ASSERT_EQ(messages.size(), 4U);
  EXPECT_TRUE(messages[1].is_binary);
  EXPECT_EQ(messages[1].flags.system, SystemFlag::draft);
  EXPECT_TRUE(messages[2].is_utf8);
  EXPECT_FALSE(messages[3].is_utf8);
}

TEST(ImapAppendParser, Replace) {  // RFC 8508
  Command command;
  EXPECT_EQ(error_of({"A UID REPLACE 4 Drafts (\\Seen) {5}", ""}, &command), "");
  const auto& replace = std::get<ReplaceArguments>(command.arguments);
  EXPECT_TRUE(replace.uid);
  EXPECT_EQ(replace.number, 4U);
  EXPECT_EQ(replace.append.mailbox, "Drafts");
  EXPECT_EQ(error_of({"A REPLACE * x {5}", ""}), "");
  EXPECT_NE(error_of({"A REPLACE 0 x {5}", ""}), "");
  EXPECT_NE(error_of({"A REPLACE 1:2 x {5}", ""}), "");
  EXPECT_NE(error_of({"A REPLACE 1 x {5}", " {6}", ""}), "");
}

TEST(ImapAppendParser, RefusesWhatIsMalformed) {
  for (const std::vector<std::string>& texts : std::vector<std::vector<std::string>>{
           {"A APPEND"},
           {"A APPEND x"},
           {"A APPEND x (\\Seen)"},
           {"A APPEND x ()x {5}", ""},
           {"A APPEND x(\\Seen) {5}", ""},
           {"A APPEND x (\\Foo) {5}", ""},
           {"A APPEND x \"32-Feb-1994 21:52:25 -0800\" {5}", ""},
           {"A APPEND x UTF8 ({5}", ")"},
           {"A APPEND x UTF8 (~{5}", ""},
           {"A APPEND x UTF8 (~{5}", ") y"},
           {"A APPEND x CATENATE (TEXT {5}", ")"},
           {"A APPEND x {5}", " y"},
           {"A APPEND x {5}", "{5}", ""},
           {"A APPEND x foo{5}", ""},
           {"A APPEND x \"foo{5}", ""},
       }) {
    EXPECT_NE(error_of(texts), "") << texts.front();
  }
  std::vector<std::string> many{"A APPEND x {1}"};
  many.insert(many.end(), append_messages_max, " {1}");
  many.emplace_back("");
  EXPECT_EQ(error_of(many), "too many messages");
}

TEST(ImapDateTime, IsReadAndWritten) {  // RFC 9051 9
  const struct {
    std::string_view text;
    std::string_view told;
    std::string_view utc;
  } rows[] = {
      {"17-Jul-1996 02:44:25 -0700", "17-Jul-1996 02:44:25 -0700", "17-Jul-1996 09:44:25 +0000"},
      {" 1-Feb-1994 21:52:25 -0800", "01-Feb-1994 21:52:25 -0800", "02-Feb-1994 05:52:25 +0000"},
      {"1-feb-1994 00:00:00 +1400", "01-Feb-1994 00:00:00 +1400", "31-Jan-1994 10:00:00 +0000"},
      {"1-Feb-1994 00:00:00 -0030", "01-Feb-1994 00:00:00 -0030", "01-Feb-1994 00:30:00 +0000"},
      {"29-Feb-2024 23:59:60 +0000", "01-Mar-2024 00:00:00 +0000", "01-Mar-2024 00:00:00 +0000"},
      {"01-Jan-1900 00:00:00 +0000", "01-Jan-1900 00:00:00 +0000", "01-Jan-1900 00:00:00 +0000"},
  };
  for (const auto& row : rows) {
    const auto time = parse_date_time(row.text);
    ASSERT_TRUE(time.has_value()) << row.text;
    EXPECT_EQ(encode_date_time(*time), row.told);
    EXPECT_EQ(encode_date_time({time->time}), row.utc);
    EXPECT_EQ(parse_date_time(encode_date_time(*time)), time);
  }
  for (const std::string_view text :
       {"", "17-Jul-1996", "17-Jul-1996 02:44:25", "17-Jul-1996 02:44:25 0700",
        "30-Feb-1996 02:44:25 +0000", "17-Jux-1996 02:44:25 +0000", "17-Jul-1996 24:00:00 +0000",
        "17-Jul-1996 02:60:25 +0000", "17-Jul-1996 02:44:25 +0060", "17-Jul-0096 02:44:25 +0000",
        "17-Jul-9999 02:44:25 +0000", "-17-Jul-1996 02:44:25 +0000", "17-Jul-1996 02:44:25 +0000 ",
        "  1-Feb-1994 21:52:25 -0800", "1x-Jul-1996 02:44:25 +0000",
        "117-Jul-1996 02:44:25 +000"}) {
    EXPECT_FALSE(parse_date_time(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace postrider::imap
