// ENVELOPE, BODY and BODYSTRUCTURE, and where sections are.
#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/imap/body_structure.hpp>
#include <postrider/codec/imap/command_parser.hpp>
#include <postrider/codec/imap/envelope.hpp>
#include <postrider/codec/imap/section.hpp>
#include <postrider/codec/mime/structure.hpp>

namespace postrider::imap {
namespace {

std::string envelope_of(std::string_view header) {
  std::string out;
  encode_envelope(header, out);
  return out;
}

TEST(ImapEnvelope, IsByteExact) {  // RFC 9051 7.5.2
  EXPECT_EQ(envelope_of("Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
                        "From: Terry Gray <gray@cac.washington.edu>\r\n"
                        "Subject: IMAP4rev2 WG mtg\r\n summary and minutes\r\n"
                        "To: imap@cac.washington.edu\r\n"
                        "cc: minutes@CNRI.Reston.VA.US, \"John K\" <KLENSIN@MIT.EDU>\r\n"
                        "Message-Id: <B27397-0100000@cac.washington.ed>\r\n\r\n"),
            "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev2 WG mtg summary and minutes\" "
            "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
            "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
            "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
            "((NIL NIL \"imap\" \"cac.washington.edu\")) "
            "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John K\" NIL \"KLENSIN\" \"MIT.EDU\")) "
            "NIL NIL \"<B27397-0100000@cac.washington.ed>\")");
}

TEST(ImapEnvelope, WhatIsMissingIsNil) {
  EXPECT_EQ(envelope_of(""), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
  EXPECT_EQ(envelope_of("Subject:\r\nTo: \r\n\r\n"), "(NIL \"\" NIL NIL NIL NIL NIL NIL NIL NIL)");
}

TEST(ImapEnvelope, GroupsSendersAndWhatCannotBeRead) {
  EXPECT_EQ(envelope_of("From: a@b\r\nSender: c@d\r\nReply-To: \r\n"
                        "To: team: x@y, z@y;, undisclosed:;\r\n\r\n"),
            "(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"c\" \"d\")) ((NIL NIL \"a\" \"b\")) "
            "((NIL NIL \"team\" NIL)(NIL NIL \"x\" \"y\")(NIL NIL \"z\" \"y\")(NIL NIL NIL NIL)"
            "(NIL NIL \"undisclosed\" NIL)(NIL NIL NIL NIL)) NIL NIL NIL NIL)");
  // One bad address costs the others nothing.
  const std::string broken = envelope_of("To: a@b, <<oops>, \"c, d\" <e@f>\r\n\r\n");
  EXPECT_NE(broken.find("((NIL NIL \"a\" \"b\")(\"<<oops>"), broken.npos) << broken;
}

// RFC 9051 7.5.2: the source route; the old way to write a name, as other servers tell it.
TEST(ImapEnvelope, HasRoutesAndNamesInComments) {
  EXPECT_EQ(
      envelope_of("From: <@r.example,@s.example:a@b>\r\nTo: c@d (Real Name)\r\n\r\n"),
      "(NIL NIL ((NIL \"@r.example,@s.example\" \"a\" \"b\")) "
      "((NIL \"@r.example,@s.example\" \"a\" \"b\")) "
      "((NIL \"@r.example,@s.example\" \"a\" \"b\")) ((\"Real Name\" NIL \"c\" \"d\")) NIL NIL NIL "
      "NIL)");
}

TEST(ImapEnvelope, EncodedWordsStayAndEightBitIsALiteral) {
  EXPECT_EQ(envelope_of("Subject: =?UTF-8?Q?=C3=BC?=\r\n\r\n"),
            "(NIL \"=?UTF-8?Q?=C3=BC?=\" NIL NIL NIL NIL NIL NIL NIL NIL)");
  EXPECT_EQ(envelope_of("Subject: \xC3\xBC\r\n\r\n"),
            "(NIL {2}\r\n\xC3\xBC NIL NIL NIL NIL NIL NIL NIL NIL)");
  EXPECT_EQ(envelope_of(std::string("Subject: a\0b\r\n\r\n", 16)).find('\0'), std::string::npos);
}

const std::string nested =
    "From: a@b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    "--x\r\n\r\nplain\r\n"
    "--x\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: "
    "QUOTED-PRINTABLE\r\n"
    "Content-ID: <i@d>\r\nContent-Description: d\r\nContent-MD5: m\r\n"
    "Content-Disposition: inline; filename=\"a b\"\r\nContent-Language: en, de\r\n"
    "Content-Location: http://l/\r\n\r\n<p>\r\nx\r\n"
    "--x\r\nContent-Type: message/rfc822\r\n\r\n"
    "Subject: inner\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n"
    "--y\r\n\r\none\r\n--y\r\nContent-Type: image/png\r\n\r\ntwo\r\n--y--\r\n"
    "\r\n--x--\r\n";

std::string body_of(const std::string& message, BodyForm form) {
  std::string out;
  encode_body(mime::scan_structure(message), form, out);
  return out;
}

TEST(ImapBodyStructure, IsByteExact) {  // RFC 9051 7.5.2
  EXPECT_EQ(body_of("\r\nhello\r\n", BodyForm::body),
            "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 7 1)");
  EXPECT_EQ(body_of("\r\nhello\r\n", BodyForm::body_structure),
            "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 7 1 NIL NIL NIL NIL)");
  const std::string full = body_of(nested, BodyForm::body_structure);
  EXPECT_NE(full.find("(\"text\" \"html\" (\"charset\" \"UTF-8\") \"<i@d>\" \"d\" "
                      "\"quoted-printable\" 6 1 \"m\" (\"inline\" (\"filename\" \"a b\")) (\"en\" "
                      "\"de\") \"http://l/\")"),
            full.npos)
      << full;
  EXPECT_NE(full.find("(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" "), full.npos) << full;
  EXPECT_NE(full.find(" (NIL \"inner\" NIL NIL NIL NIL NIL NIL NIL NIL) ((\"text\" \"plain\""),
            full.npos)
      << full;
  EXPECT_NE(full.find("(\"image\" \"png\" NIL NIL NIL \"7bit\" 3 NIL NIL NIL NIL) \"alternative\" "
                      "(\"boundary\" \"y\") NIL NIL NIL)"),
            full.npos)
      << full;
  EXPECT_TRUE(full.ends_with(" \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)")) << full;
}

TEST(ImapBodyStructure, ShowsWhatHasNoPartsAsALeaf) {
  EXPECT_EQ(body_of("Content-Type: multipart/mixed; boundary=x\r\n\r\nno parts\r\n", BodyForm::body)
                .substr(0, 15),
            "(\"text\" \"plain\"");
  std::string out;
  encode_body({}, BodyForm::body, out);
  EXPECT_EQ(out, "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0)");
}

// The octets of "BODY[...]"; "NIL" if there are none.
std::string octets_of(const std::string& message, const std::string& section) {
  const auto command = parse_command("a FETCH 1 BODY[" + section + ']', NameForm::utf8);
  const auto& item = std::get<FetchArguments>(command->arguments).items.front();
  const auto place = find_section(mime::scan_structure(message), item.section);
  return place ? message.substr(place->begin, place->end - place->begin) : "NIL";
}

TEST(ImapSection, IsFoundWhereItIs) {  // RFC 9051 6.4.5.1
  const struct {
    std::string section;
    std::string octets;
  } rows[] = {
      {"", nested},
      {"HEADER", "From: a@b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"},
      {"TEXT", nested.substr(nested.find("--x"))},
      {"1", "plain"},
      {"1.MIME", "\r\n"},
      {"2", "<p>\r\nx"},
      {"3.HEADER", "Subject: inner\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n"},
      {"3.MIME", "Content-Type: message/rfc822\r\n\r\n"},
      {"3.1", "one"},
      {"3.2", "two"},
      {"3.2.MIME", "Content-Type: image/png\r\n\r\n"},
      {"4", "NIL"},
      {"1.1", "NIL"},
      {"1.HEADER", "NIL"},
      {"1.TEXT", "NIL"},
      {"3.3", "NIL"},
      {"3.1.1", "NIL"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(octets_of(nested, row.section), row.octets) << row.section;
  }
  const std::string plain = "Subject: x\r\n\r\nbody\r\n";
  EXPECT_EQ(octets_of(plain, "1"), "body\r\n");
  EXPECT_EQ(octets_of(plain, "1.MIME"), "Subject: x\r\n\r\n");
  EXPECT_EQ(octets_of(plain, "1.1"), "NIL");
  EXPECT_EQ(octets_of(plain, "2"), "NIL");
  EXPECT_EQ(octets_of(plain, "TEXT"), "body\r\n");
}

TEST(ImapSection, EveryMimeSectionEndsInAnEmptyLine) {
  for (const std::string section : {"1.MIME", "2.MIME", "3.MIME", "3.1.MIME", "3.2.MIME"}) {
    const std::string octets = octets_of(nested, section);
    EXPECT_TRUE(octets == "\r\n" || octets.ends_with("\r\n\r\n")) << section;
  }
}

TEST(ImapSection, HeaderFieldsAreChosen) {
  const std::string header = "A: 1\r\nb: 2\r\n more\r\nA: 3\r\n\r\n";
  const std::string names[] = {"a", "C"};
  EXPECT_EQ(filter_header(header, names, false), "A: 1\r\nA: 3\r\n\r\n");
  EXPECT_EQ(filter_header(header, names, true), "b: 2\r\n more\r\n\r\n");
  EXPECT_EQ(filter_header("A: 1", names, false), "A: 1\r\n\r\n");
  EXPECT_EQ(filter_header("", names, false), "\r\n");
}

TEST(ImapSection, PartialFetchesAreExactAtTheEnd) {  // RFC 9051 6.4.5
  EXPECT_EQ(clip(std::nullopt, 10), (OctetRange{0, 10}));
  EXPECT_EQ(clip(Partial{0, 10}, 10), (OctetRange{0, 10}));
  EXPECT_EQ(clip(Partial{9, 10}, 10), (OctetRange{9, 1}));
  EXPECT_EQ(clip(Partial{10, 10}, 10), (OctetRange{10, 0}));
  EXPECT_EQ(clip(Partial{11, 10}, 10), (OctetRange{10, 0}));
  EXPECT_EQ(clip(Partial{INT64_MAX, INT64_MAX}, 10), (OctetRange{10, 0}));
  EXPECT_EQ(clip(Partial{1, INT64_MAX}, 10), (OctetRange{1, 9}));
}

}  // namespace
}  // namespace postrider::imap
