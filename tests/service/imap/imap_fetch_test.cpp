// FETCH: what each item answers, and from where.
#include "imap_world.hpp"

#include <fmt/core.h>

namespace postrider::imap {
namespace {

constexpr std::string_view trace = "Return-Path: <bob@example.org>\r\n";
constexpr std::string_view letter =
    "From: Bob <bob@example.org>\r\nTo: ada@example.org\r\nSubject: hi\r\nX-Rare: yes\r\n"
    "Message-ID: <1@example.org>\r\n\r\nHello Ada,\r\nbye\r\n";
constexpr std::string_view parts =
    "Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain\r\n\r\none\r\n"
    "--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\ndHdv\r\n"
    "--b\r\n\r\nthree\r\n--b--\r\n";

class ImapFetch : public ImapWorld {
 public:
  ImapFetch() : client(*this) {}
  std::string lines(std::string text) {
    std::erase(text, '\r');
    return text;
  }
  ImapClient client;
};

TEST_F(ImapFetch, FactsOfAMessage) {
  const store::Uid uid = deliver(std::string(letter), {store::SystemFlag::flagged, {"blue"}});
  client.open();
  client.say("ENABLE CONDSTORE");
  const auto facts = world.rows().front().facts;
  EXPECT_EQ(client.say("FETCH 1 (FLAGS UID INTERNALDATE RFC822.SIZE MODSEQ EMAILID)"),
            fmt::format("* 1 FETCH (UID {} FLAGS (\\Flagged blue) INTERNALDATE "
                        "\"01-Jan-2026 00:00:00 +0000\" RFC822.SIZE {} MODSEQ ({}) "
                        "EMAILID (M{:x}))\nOK FETCH completed\n",
                        uid, trace.size() + letter.size(), facts.modseq, facts.email));
}

TEST_F(ImapFetch, EnvelopeAndStructureAsRendered) {
  deliver(std::string(letter));
  client.open();
  EXPECT_EQ(client.say("FETCH 1 (ENVELOPE BODY)"),
            "* 1 FETCH (ENVELOPE (NIL \"hi\" ((\"Bob\" NIL \"bob\" \"example.org\")) ((\"Bob\" "
            "NIL \"bob\" \"example.org\")) ((\"Bob\" NIL \"bob\" \"example.org\")) ((NIL NIL "
            "\"ada\" \"example.org\")) NIL NIL NIL \"<1@example.org>\") BODY (\"text\" \"plain\" "
            "(\"charset\" \"us-ascii\") NIL NIL \"7bit\" 17 2))\nOK FETCH completed\n");
}

TEST_F(ImapFetch, ADamagedRenderingIsMadeAnew) {
  world.add(std::string(letter));
  client.open();
  EXPECT_TRUE(client.say("FETCH 1 ENVELOPE").contains("\"<1@example.org>\""));
  EXPECT_TRUE(client.say("FETCH 1 BODYSTRUCTURE").contains("\"7bit\" 17 2"));
}

TEST_F(ImapFetch, TheWholeMessageIsByteExact) {
  deliver(std::string(letter));
  client.open();
  const std::string whole = std::string(trace) + std::string(letter);
  EXPECT_EQ(client.say("FETCH 1 BODY.PEEK[]"),
            fmt::format("* 1 FETCH (BODY[] {{{}}}\n{})\nOK FETCH completed\n", whole.size(),
                        lines(whole)));
  EXPECT_EQ(client.say("FETCH 1 RFC822.HEADER"),
            fmt::format("* 1 FETCH (RFC822.HEADER {{{}}}\n{})\nOK FETCH completed\n",
                        whole.size() - 17, lines(whole.substr(0, whole.size() - 17))));
  EXPECT_EQ(client.say("FETCH 1 BODY.PEEK[TEXT]"),
            "* 1 FETCH (BODY[TEXT] {17}\nHello Ada,\nbye\n)\nOK FETCH completed\n");
}

TEST_F(ImapFetch, ALargeMessageGoesOutInPieces) {
  std::string text = "Subject: large\r\n\r\n";
  while (text.size() < 1'500'000) {
    text += "a line of many, number " + std::to_string(text.size()) + "\r\n";
  }
  deliver(text);
  client.open();
  const std::string whole = std::string(trace) + text;
  EXPECT_EQ(client.say("FETCH 1 BODY.PEEK[]"),
            fmt::format("* 1 FETCH (BODY[] {{{}}}\n{})\nOK FETCH completed\n", whole.size(),
                        lines(whole)));
  EXPECT_TRUE(client.say("FETCH 1 BODY.PEEK[]<1000000.40>")
                  .contains(lines(whole.substr(1'000'000, 40)) + ")\n"));
}

// More than is read ahead at once, and some that are too large for it.
TEST_F(ImapFetch, BodiesOfManyComeInTheirOrder) {
  std::string expected;
  for (std::size_t i = 1; i <= 60; ++i) {
    std::string text = "Subject: " + std::to_string(i) + "\r\n\r\n";
    const std::size_t octets = i % 7 == 3 ? 200'000 : 40'000;
    while (text.size() < octets) {
      text += std::to_string(i) + " at " + std::to_string(text.size()) + "\r\n";
    }
    deliver(text);
    const std::string whole = std::string(trace) + text;
    expected += fmt::format("* {} FETCH (BODY[] {{{}}}\n{})\n", i, whole.size(), lines(whole));
  }
  client.open();
  EXPECT_EQ(client.say("FETCH 1:* BODY.PEEK[]"), expected + "OK FETCH completed\n");
}

TEST_F(ImapFetch, HeaderFieldsFromTheListingAndFromTheMessage) {
  deliver(std::string(letter));
  client.open();
  EXPECT_EQ(client.say("FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT Return-Path)]"),
            "* 1 FETCH (BODY[HEADER.FIELDS (SUBJECT Return-Path)] {47}\n"
            "Return-Path: <bob@example.org>\nSubject: hi\n\n)\nOK FETCH completed\n");
  EXPECT_EQ(client.say("FETCH 1 BODY.PEEK[HEADER.FIELDS (X-Rare)]"),
            "* 1 FETCH (BODY[HEADER.FIELDS (X-Rare)] {15}\nX-Rare: yes\n\n)\n"
            "OK FETCH completed\n");
  EXPECT_TRUE(client.say("FETCH 1 BODY.PEEK[HEADER.FIELDS.NOT (From To Subject Message-ID)]")
                  .contains("{47}\nReturn-Path: <bob@example.org>\nX-Rare: yes\n\n)"));
}

TEST_F(ImapFetch, PartsOfAMessage) {
  deliver(std::string(parts));
  client.open();
  EXPECT_EQ(client.say("FETCH 1 (BODY.PEEK[1] BODY.PEEK[2] BODY.PEEK[4])"),
            "* 1 FETCH (BODY[1] {3}\none BODY[2] {4}\ndHdv BODY[4] NIL)\nOK FETCH completed\n");
  EXPECT_EQ(client.say("FETCH 1 (BINARY.PEEK[2] BINARY.SIZE[2])"),
            "* 1 FETCH (BINARY.SIZE[2] 3 BINARY[2] {3}\ntwo)\nOK FETCH completed\n");
}

// BODY[n.MIME] ends in an empty line.
TEST_F(ImapFetch, APartsHeaderEndsInAnEmptyLine) {
  deliver(std::string(parts));
  client.open();
  EXPECT_EQ(client.say("FETCH 1 BODY.PEEK[1.MIME]"),
            "* 1 FETCH (BODY[1.MIME] {28}\nContent-Type: text/plain\n\n)\nOK FETCH completed\n");
  EXPECT_EQ(client.say("FETCH 1 BODY.PEEK[3.MIME]"),
            "* 1 FETCH (BODY[3.MIME] {2}\n\n)\nOK FETCH completed\n");
}

TEST_F(ImapFetch, ReadingABodySetsSeen) {
  deliver(std::string(letter));
  client.open();
  EXPECT_EQ(client.say("FETCH 1 BODY[TEXT]<0.5>"),
            "* 1 FETCH (FLAGS (\\Seen) BODY[TEXT]<0> {5}\nHello)\nOK FETCH completed\n");
  EXPECT_EQ(client.say("FETCH 1 BODY[TEXT]<0.5>"),
            "* 1 FETCH (BODY[TEXT]<0> {5}\nHello)\nOK FETCH completed\n");
  EXPECT_EQ(world.view().mailbox.counts.unseen, 0U);
}

TEST_F(ImapFetch, ExamineSetsNothing) {
  deliver(std::string(letter));
  client.log_in();
  client.say("EXAMINE INBOX");
  EXPECT_EQ(client.say("FETCH 1 BODY[TEXT]<0.5>"),
            "* 1 FETCH (BODY[TEXT]<0> {5}\nHello)\nOK FETCH completed\n");
  EXPECT_EQ(world.view().mailbox.counts.unseen, 1U);
}

// Partial fetches at and past the end are exact.
TEST_F(ImapFetch, PartialFetchesAtAndPastTheEnd) {
  deliver("Subject: x\r\n\r\n0123456789");
  client.open();
  EXPECT_TRUE(client.say("FETCH 1 BODY.PEEK[TEXT]<8.10>").contains("BODY[TEXT]<8> {2}\n89)"));
  EXPECT_TRUE(client.say("FETCH 1 BODY.PEEK[TEXT]<10.1>").contains("BODY[TEXT]<10> {0}\n)"));
  EXPECT_TRUE(client.say("FETCH 1 BODY.PEEK[TEXT]<9999999999.1>")
                  .contains("BODY[TEXT]<9999999999> {0}\n)"));
  EXPECT_TRUE(client.say("FETCH 1 BODY.PEEK[]<0.4>").contains("BODY[]<0> {4}\nRetu)"));
}

// UID stands before the body literal.
TEST_F(ImapFetch, TheUidStandsBeforeTheBody) {
  deliver("Subject: x\r\n\r\n0123456789");
  client.open();
  EXPECT_TRUE(client.say("UID FETCH 1 (BODY.PEEK[TEXT] FLAGS)")
                  .starts_with("* 1 FETCH (UID 1 FLAGS () BODY[TEXT] {10}\n"));
}

// `UID FETCH n:*` includes the last message, however large n is.
TEST_F(ImapFetch, UidFetchToTheStarIncludesTheLast) {
  deliver("Subject: 1\r\n\r\n");
  deliver("Subject: 2\r\n\r\n");
  client.open();
  EXPECT_EQ(client.say("UID FETCH 3:* FLAGS"), "* 2 FETCH (UID 2 FLAGS ())\nOK FETCH completed\n");
  EXPECT_EQ(client.say("UID FETCH 500:* FLAGS"),
            "* 2 FETCH (UID 2 FLAGS ())\nOK FETCH completed\n");
  EXPECT_EQ(client.say("UID FETCH 500 FLAGS"), "OK FETCH completed\n");
  EXPECT_TRUE(client.say("FETCH 3 FLAGS").starts_with("BAD "));
}

TEST_F(ImapFetch, UidsAreStrictlyAscending) {
  for (int i = 0; i < 5; ++i) {
    deliver("Subject: x\r\n\r\n");
  }
  client.open();
  EXPECT_EQ(client.say("UID FETCH 4,2:3,3:1 UID"),
            "* 1 FETCH (UID 1)\n* 2 FETCH (UID 2)\n* 3 FETCH (UID 3)\n* 4 FETCH (UID 4)\n"
            "OK FETCH completed\n");
}

// CHANGEDSINCE 0 is everything.
TEST_F(ImapFetch, ChangedSince) {
  deliver("Subject: 1\r\n\r\n");
  deliver("Subject: 2\r\n\r\n");
  client.open();
  client.say("ENABLE CONDSTORE");
  const auto rows = world.rows();
  const std::string second =
      fmt::format("* 2 FETCH (UID 2 FLAGS () MODSEQ ({}))\n", rows[1].facts.modseq);
  EXPECT_EQ(client.say("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 0)"),
            fmt::format("* 1 FETCH (UID 1 FLAGS () MODSEQ ({}))\n", rows[0].facts.modseq) + second +
                "OK FETCH completed\n");
  EXPECT_EQ(
      client.say(fmt::format("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {})", rows[0].facts.modseq)),
      second + "OK FETCH completed\n");
  EXPECT_EQ(client.say("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 999999)"), "OK FETCH completed\n");
}

TEST_F(ImapFetch, WhatCantBeReadIsRefused) {
  client.open();
  EXPECT_TRUE(client.say("FETCH 1 FLAGS").starts_with("BAD There is no message of that number"));
  EXPECT_TRUE(client.say("FETCH 1:* FLAGS").starts_with("BAD "));
  EXPECT_EQ(client.say("UID FETCH 1:* FLAGS"), "OK FETCH completed\n");
  EXPECT_TRUE(client.say("FETCH 1 NONSENSE").starts_with("BAD "));
  EXPECT_TRUE(client.say("FETCH 1 " + std::string(10'000, '(')).starts_with("BAD "));
  EXPECT_TRUE(client.say("NOOP").starts_with("OK "));
}

}  // namespace
}  // namespace postrider::imap
