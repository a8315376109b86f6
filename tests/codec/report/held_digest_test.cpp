// A mail that names what was held back: it is from a machine, and nothing in it is what a stranger
// wants it to be.
#include <gtest/gtest.h>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/transfer_encoding.hpp>
#include <postrider/codec/report/held_digest.hpp>

namespace postrider::report {
namespace {

HeldDigest digest_of(std::vector<HeldMail> mails) {
  HeldDigest out;
  out.from = "postmaster@mail.here.example";
  out.to = "ann@here.example";
  out.hostname = "mail.here.example";
  out.message_id = "digest.00@mail.here.example";
  out.date = *parse_rfc3339("2026-11-23T06:00:00Z");
  out.mails = std::move(mails);
  out.postmaster = "postmaster@here.example";
  out.kept = std::chrono::hours(24 * 30);
  return out;
}

HeldMail mail_with(std::string subject) {
  return {.id = "01ARZ3NDEKTSV",
          .sender = "joe@a.example",
          .header_from = "Joe <joe@a.example>",
          .subject = std::move(subject),
          .reason = "rspamd: it says so",
          .received = *parse_rfc3339("2026-11-22T14:52:24Z"),
          .size_octets = 12345};
}

struct Read {
  mime::HeaderSection section;
  std::string words;
};
Read read(const std::string& mail) {
  const auto section = mime::scan_header(mail);
  EXPECT_TRUE(section.has_value());
  return {*section,
          mime::decode_quoted_printable(std::string_view(mail).substr(section->body_offset()))};
}

std::string value_of(const Read& mail, std::string_view name) {
  const auto* field = mail.section.find(name);
  return field == nullptr ? "" : std::string(trim_wsp(mime::unfold(field->value)));
}

TEST(HeldDigest, SaysThatItComesFromAMachine) {
  const std::string octets = encode_held_digest(digest_of({mail_with("hello")}));
  const Read mail = read(octets);
  EXPECT_EQ(value_of(mail, "Auto-Submitted"), "auto-generated");  // RFC 3834 5
  EXPECT_EQ(value_of(mail, "From"), "postmaster@mail.here.example");
  EXPECT_EQ(value_of(mail, "To"), "ann@here.example");
  EXPECT_EQ(value_of(mail, "Subject"), "1 message held back for you");
  EXPECT_EQ(value_of(mail, "Date"), "Mon, 23 Nov 2026 06:00:00 +0000");
  EXPECT_EQ(value_of(mail, "Message-ID"), "<digest.00@mail.here.example>");
}

TEST(HeldDigest, NamesEachMessage) {
  HeldMail other = mail_with("=?utf-8?q?gr=C3=BC=C3=9Fe?=");
  other.may_release = false;
  other.sender.clear();
  other.size_octets = 5UL << 20;
  const std::string octets = encode_held_digest(digest_of({mail_with("hello"), other}));
  const std::string words = read(octets).words;
  for (const std::string_view part :
       {"2 messages for ann@here.example were held back by mail.here.example", "1. hello\r\n",
        "Joe <joe@a.example>", "<joe@a.example>", "Sun, 22 Nov 2026 14:52:24 +0000", "12 KiB",
        "rspamd: it says so\r\n", "01ARZ3NDEKTSV", "2. gr\u00fc\u00dfe\r\n", "<>", "5.0 MiB",
        "only the postmaster can release it", "deleted after 30 days"}) {
    EXPECT_TRUE(words.contains(part)) << part << " in\n" << words;
  }
}

TEST(HeldDigest, SaysHowToGetAtThem) {
  HeldDigest digest = digest_of({mail_with("hello")});
  EXPECT_TRUE(read(encode_held_digest(digest)).words.contains("write to postmaster@here.example"));
  EXPECT_FALSE(read(encode_held_digest(digest)).words.contains("curl"));
  digest.url = "https://mail.here.example/v1/my/quarantine";
  digest.left_out = 7;
  const std::string words = read(encode_held_digest(digest)).words;
  EXPECT_TRUE(words.contains("8 messages")) << words;
  EXPECT_TRUE(words.contains("And 7 more.")) << words;
  EXPECT_TRUE(
      words.contains("curl -u ann@here.example "
                     "https://mail.here.example/v1/my/quarantine/ID/message\r\n"))
      << words;
  EXPECT_TRUE(words.contains("/ID/release\r\n")) << words;
  digest.to = "ann$(reboot)@here.example";
  EXPECT_TRUE(read(encode_held_digest(digest)).words.contains("curl -u YOUR-ADDRESS "));
}

TEST(HeldDigest, TrustsNothingThatStrangersWrote) {
  const std::string hostile[] = {
      "two\r\nBcc: all@here.example\r\n\r\nlines",
      "=?utf-8?q?two=0D=0ABcc:_x=0D=0A=0D=0Alines?=",
      "bell \x07 and \x1b[2J and \x7f",
      "turned \xE2\x80\xAE around",
      "ill-formed \xff\xfe",
      std::string(100'000, 'x'),
      std::string("zero \0 octet", 12),
      "click http://evil.example/ or WWW.evil.example or HTTPS://evil.example",
  };
  for (const std::string& text : hostile) {
    HeldMail mail = mail_with(text);
    mail.header_from = text;
    mail.sender = text;
    mail.reason = text;
    const std::string octets = encode_held_digest(digest_of({mail}));
    const Read seen = read(octets);
    EXPECT_EQ(seen.section.fields().size(), 9U) << text;
    EXPECT_EQ(seen.section.find("Bcc"), nullptr);
    EXPECT_TRUE(is_ascii(octets)) << "quoted-printable";
    EXPECT_TRUE(is_utf8(seen.words));
    EXPECT_LT(octets.size(), 4000U);
    EXPECT_FALSE(seen.words.contains("\r\nBcc:")) << seen.words;
    EXPECT_FALSE(seen.words.contains("\xE2\x80\xAE")) << seen.words;
    EXPECT_FALSE(seen.words.contains("://evil")) << seen.words;
    EXPECT_FALSE(seen.words.contains("WWW.evil")) << seen.words;
    for (std::size_t i = 0; i < octets.size(); ++i) {
      const auto c = static_cast<unsigned char>(octets[i]);
      EXPECT_TRUE(c >= ' ' || c == '\r' || c == '\n') << int{c} << " at " << i;
    }
  }
}

}  // namespace
}  // namespace postrider::report
