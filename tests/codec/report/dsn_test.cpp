#include <gtest/gtest.h>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/mime/encoded_word.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/line_breaks.hpp>
#include <postrider/codec/report/dsn.hpp>
#include <postrider/codec/report/dsn_parser.hpp>

namespace postrider::report {
namespace {

const std::string original =
    "Received: by mail.example.org\r\nFrom: a@example.org\r\nTo: bob@example.net\r\nSubject: "
    "Lunch\r\n"
    "Message-ID: <1@example.org>\r\n\r\nAt noon?\r\n--not-the-boundary\r\n";

DsnRequest request_for(std::string_view message) {
  return {
      .status = {.envelope_id = "e7",
                 .reporting_mta = "mail.example.org",
                 .arrival_date = WallTime(std::chrono::seconds(1'795'359'144)),
                 .recipients = {{.final = {"rfc822", "bob@example.net"},
                                 .action = Action::failed,
                                 .status = "5.1.1",
                                 .remote_mta = "mx.example.net",
                                 .diagnostic = "550 5.1.1 No such user",
                                 .last_attempt = WallTime(std::chrono::seconds(1'795'359'150))}}},
      .to = "a@example.org",
      .hostname = "mail.example.org",
      .message_id = "2@mail.example.org",
      .boundary = "b1",
      .date = WallTime(std::chrono::seconds(1'795'359'160)),
      .original = message,
      .returned = Returned::full};
}

TEST(Dsn, IsWhatTheStandardsAskFor) {
  const auto dsn = encode_dsn(request_for(original));
  ASSERT_TRUE(dsn);
  const auto section = mime::scan_header(dsn->message);
  EXPECT_EQ(dsn->message.substr(0, section->header_octets()),
            "Date: Sun, 22 Nov 2026 14:52:40 +0000\r\n"
            "From: Mail Delivery System <MAILER-DAEMON@mail.example.org>\r\n"
            "To: a@example.org\r\n"
            "Subject: Not delivered: Lunch\r\n"
            "Message-ID: <2@mail.example.org>\r\n"
            "References: <1@example.org>\r\n"
            "Auto-Submitted: auto-replied\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"\r\n");
  EXPECT_EQ(section->end(), mime::HeaderEnd::blank_line);
  EXPECT_FALSE(dsn->needs_8bit);
  EXPECT_FALSE(dsn->needs_smtputf8);
  EXPECT_NE(
      dsn->message.find("\r\n--b1\r\nContent-Type: message/delivery-status\r\n"
                        "Content-Description: Delivery report\r\n\r\nOriginal-Envelope-Id: e7\r\n"),
      std::string::npos);
  EXPECT_NE(dsn->message.find("\r\n--b1\r\nContent-Type: message/rfc822\r\n"), std::string::npos);
  EXPECT_TRUE(dsn->message.ends_with("--b1--\r\n"));
  EXPECT_EQ(mime::find_bare_line_break(dsn->message), std::nullopt);
}

TEST(Dsn, ReturnsWhatWasAskedFor) {
  DsnRequest request = request_for(original);
  auto parsed = parse_dsn(encode_dsn(request)->message);
  EXPECT_EQ(parsed->original, original);
  EXPECT_TRUE(parsed->original_is_full);
  EXPECT_EQ(parsed->status, request.status);
  EXPECT_TRUE(parsed->words.starts_with("This is the mail system at mail.example.org"));

  request.returned = Returned::headers;
  parsed = parse_dsn(encode_dsn(request)->message);
  EXPECT_EQ(parsed->original, original.substr(0, original.find("\r\n\r\n") + 2));
  EXPECT_FALSE(parsed->original_is_full);

  request.returned = Returned::nothing;
  EXPECT_EQ(parse_dsn(encode_dsn(request)->message)->original, std::nullopt);

  request.returned = Returned::full;
  request.max_returned_octets = original.size() - 1;
  parsed = parse_dsn(encode_dsn(request)->message);
  EXPECT_FALSE(parsed->original_is_full);
  EXPECT_TRUE(parsed->original);
  request.max_returned_octets = 10;
  EXPECT_EQ(parse_dsn(encode_dsn(request)->message)->original, std::nullopt);
}

TEST(Dsn, ABoundaryThatIsTakenIsRefused) {
  DsnRequest request = request_for(original);
  request.boundary = "not-the";
  EXPECT_EQ(encode_dsn(request).error(), DsnError::boundary_taken);
}

TEST(Dsn, An8BitBodyIsReturnedOnlyWhereItCanGo) {
  const std::string message = original + "\u00e4\r\n";
  DsnRequest request = request_for(message);
  auto dsn = encode_dsn(request);
  EXPECT_TRUE(dsn->needs_8bit);
  EXPECT_FALSE(dsn->needs_smtputf8);
  EXPECT_NE(dsn->message.find("boundary=\"b1\"\r\nContent-Transfer-Encoding: 8bit\r\n"),
            std::string::npos);
  EXPECT_NE(dsn->message.find("message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n"),
            std::string::npos);
  EXPECT_EQ(parse_dsn(dsn->message)->original, message);
  request.eight_bit_allowed = false;
  dsn = encode_dsn(request);
  EXPECT_FALSE(dsn->needs_8bit);
  EXPECT_TRUE(is_ascii(dsn->message));
  EXPECT_FALSE(parse_dsn(dsn->message)->original_is_full);
}

// RFC 6533
TEST(Dsn, Utf8GoesGlobalWhereItMay) {
  const std::string message =
      "From: \u00e4@example.org\r\nTo: b\u00f6b@example.net\r\nSubject: "
      "Gr\u00fc\u00dfe\r\n\r\nHallo\r\n";
  DsnRequest request = request_for(message);
  request.status.recipients[0].final = make_dsn_address("b\u00f6b@example.net");
  request.to = "\u00e4@example.org";
  request.utf8_allowed = true;
  auto dsn = encode_dsn(request);
  EXPECT_TRUE(dsn->needs_smtputf8);
  EXPECT_TRUE(dsn->needs_8bit);
  EXPECT_NE(dsn->message.find(
                "Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit"),
            std::string::npos);
  EXPECT_NE(dsn->message.find("Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit"),
            std::string::npos);
  EXPECT_NE(
      dsn->message.find("To: \u00e4@example.org\r\nSubject: Not delivered: Gr\u00fc\u00dfe\r\n"),
      std::string::npos);
  auto parsed = parse_dsn(dsn->message);
  EXPECT_EQ(parsed->status, request.status);
  EXPECT_EQ(parsed->original, message);
  request.returned = Returned::headers;
  EXPECT_NE(encode_dsn(request)->message.find("Content-Type: message/global-headers\r\n"),
            std::string::npos);
}

TEST(Dsn, Utf8IsEncodedWhereItMayNotGo) {
  const std::string message =
      "From: a@example.org\r\nTo: b\u00f6b@example.net\r\nSubject: "
      "Gr\u00fc\u00dfe\r\n\r\nHallo\r\n";
  DsnRequest request = request_for(message);
  request.status.recipients[0].final = make_dsn_address("b\u00f6b@example.net");
  for (const auto returned : {Returned::full, Returned::headers}) {
    request.returned = returned;
    const auto dsn = encode_dsn(request);
    EXPECT_TRUE(is_ascii(dsn->message));
    EXPECT_FALSE(dsn->needs_8bit);
    EXPECT_FALSE(dsn->needs_smtputf8);
    const auto parsed = parse_dsn(dsn->message);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->status, request.status);
    EXPECT_EQ(parsed->original, returned == Returned::full
                                    ? message
                                    : message.substr(0, message.find("\r\n\r\n") + 2));
    EXPECT_NE(parsed->words.find("b\u00f6b@example.net"), std::string::npos);
    const auto section = mime::scan_header(dsn->message);
    EXPECT_EQ(mime::decode_words(section->find("Subject")->value),
              "Not delivered: Gr\u00fc\u00dfe");
  }
}

TEST(Dsn, SurvivesAnUnreadableOriginal) {
  for (const std::string& message : {std::string(), std::string("no header\r\n"),
                                     std::string("a: ") + std::string(100'000, 'x')}) {
    const auto dsn = encode_dsn(request_for(message));
    ASSERT_TRUE(dsn);
    EXPECT_EQ(parse_dsn(dsn->message)->original, std::nullopt);
  }
}

TEST(Dsn, NoValueBreaksOutOfItsField) {
  DsnRequest request = request_for("Subject: x\r\nMessage-ID: <a@b>\r\n\r\n");
  request.to = "a@b\r\nBcc: eve@x";
  request.message_id = "m\r\nX: y";
  request.status.recipients[0].diagnostic = "550 \r\n--b1\r\nContent-Type: text/html";
  const auto dsn = encode_dsn(request);
  ASSERT_TRUE(dsn);
  const auto section = mime::scan_header(dsn->message);
  EXPECT_FALSE(section->has("Bcc"));
  EXPECT_FALSE(section->has("X"));
  EXPECT_EQ(parse_dsn(dsn->message)->status.recipients[0].diagnostic,
            "550 --b1 Content-Type: text/html");
}

TEST(DsnDeathTest, NeverGoesToTheNullReversePath) {
  DsnRequest request = request_for(original);
  request.to.clear();
  EXPECT_DEATH((void)encode_dsn(request), "null reverse-path");
}

TEST(DsnParser, RefusesWhatIsNone) {
  const auto error_of = [](std::string_view message) { return parse_dsn(message).error(); };
  EXPECT_EQ(error_of(""), DsnParseError::not_a_report);
  EXPECT_EQ(error_of(original), DsnParseError::not_a_report);
  EXPECT_EQ(error_of("Content-Type: multipart/report; report-type=disposition-notification; "
                     "boundary=b\r\n\r\n"),
            DsnParseError::not_a_report);
  EXPECT_EQ(error_of("Content-Type: multipart/report; report-type=delivery-status\r\n\r\n"),
            DsnParseError::unreadable_report);
  EXPECT_EQ(error_of("Content-Type: multipart/report; report-type=delivery-status; "
                     "boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--"),
            DsnParseError::unreadable_report);
  EXPECT_EQ(
      error_of(
          "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
          "Content-Type: message/delivery-status\r\n\r\nnothing here\r\n--b--"),
      DsnParseError::unreadable_report);
}

TEST(DsnParser, ReadsAnEncodedStatusPart) {
  const auto dsn = parse_dsn(
      "Content-Type: Multipart/Report; Report-Type=Delivery-Status; boundary=b\r\n\r\n--b\r\n"
      "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nSGk=\r\n--b\r\n"
      "Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
      "Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: rfc822; x=3Dy@z\r\nAction: failed\r\nStatus: "
      "5.0.0\r\n--b--");
  ASSERT_TRUE(dsn);
  EXPECT_EQ(dsn->words, "Hi");
  EXPECT_EQ(dsn->status.recipients[0].final.address, "x=y@z");
  EXPECT_EQ(dsn->original, std::nullopt);
}

}  // namespace
}  // namespace postrider::report
