#include "../instrumented.hpp"

#include <chrono>
#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>
#include <malloc.h>
#include <string>
#include <utility>
#include <vector>

#include <postrider/base/record_fields.hpp>
#include <postrider/codec/imap/summary.hpp>
#include <postrider/codec/mime/structure_record.hpp>
#include <postrider/flow/rendered_mail.hpp>

namespace postrider::flow {
namespace {

// Without optimisation and with a sanitizer each octet costs many times as much, and the heap that
// is measured is not the one in use: there it is the reading itself that is looked at.
constexpr std::size_t bomb_octets = is_instrumented ? 512 << 10 : 4 << 20;
constexpr std::chrono::seconds bomb_time{is_instrumented ? 20 : 2};

RenderedMail render(std::string_view message, std::size_t piece = std::string_view::npos) {
  MailRenderer renderer;
  for (std::size_t at = 0; at < message.size(); at += std::min(piece, message.size() - at)) {
    renderer.feed(message.substr(at, piece));
  }
  return renderer.finish();
}

constexpr std::string_view letter =
    "Received: from a by b; Sun, 22 Nov 2026 00:00:00 +0000\r\n"
    "DKIM-Signature: v=1; b=aaaa\r\n"
    "Subject: folded\r\n over two lines\r\n"
    "from: Ada <ada@example.org>\r\n"
    "Message-ID: <two@example.org>\r\n"
    "References: <one@example.org>\r\n <more@example.org>\r\n"
    "Content-Type: multipart/mixed; boundary=x\r\n"
    "\r\n"
    "--x\r\n\r\nhello\r\n"
    "--x\r\nContent-Type: message/rfc822\r\n\r\n"
    "Subject: inner\r\nReceived: from c\r\nTo: bob@example.org\r\n\r\nbody\r\n"
    "--x--\r\n";

TEST(RenderedMail, KeepsWhatListingsAskForAsItIsWritten) {
  const RenderedMail mail = render(letter);
  EXPECT_EQ(mail.listed,
            "Subject: folded\r\n over two lines\r\n"
            "from: Ada <ada@example.org>\r\n"
            "Message-ID: <two@example.org>\r\n"
            "References: <one@example.org>\r\n <more@example.org>\r\n"
            "Content-Type: multipart/mixed; boundary=x\r\n");
  EXPECT_FALSE(mail.is_listed_cut);
  ASSERT_EQ(mail.structure.entities.size(), 4U);
  EXPECT_EQ(mail.structure.entities[0].header, "");
  EXPECT_EQ(mail.structure.entities[3].header, "Subject: inner\r\nTo: bob@example.org\r\n");
}

TEST(RenderedMail, IsTheSameHoweverItComes) {
  const RenderedMail whole = render(letter);
  for (std::size_t piece = 1; piece < 80; ++piece) {
    EXPECT_EQ(render(letter, piece), whole) << piece;
  }
}

TEST(RenderedMail, DecodesToWhatWasEncoded) {
  for (const std::string_view message :
       {letter, std::string_view(""), std::string_view("\r\n"), std::string_view("no header"),
        std::string_view("Subject: lf only\nTo: a\n\nbody\n")}) {
    const RenderedMail mail = render(message);
    const std::string record = encode_rendered(mail);
    EXPECT_EQ(decode_rendered(record), mail);
    const auto listing = read_listing(record);
    ASSERT_TRUE(listing.has_value());
    EXPECT_EQ(listing->listed, mail.listed);
    EXPECT_EQ(listing->summary, mail.summary);
    EXPECT_EQ(mail.summary, imap::summarize(mail.listed));
    for (std::size_t cut = 0; cut < record.size(); ++cut) {
      EXPECT_EQ(decode_rendered(record.substr(0, cut)), std::nullopt);
    }
    EXPECT_EQ(decode_rendered(record + "x"), std::nullopt);
    std::string newer = record;
    newer[0] = 3;
    EXPECT_EQ(decode_rendered(newer), std::nullopt);
  }
}

// As records were before they had a summary.
TEST(RenderedMail, ReadsWhatAnOlderVersionWrote) {
  RenderedMail mail = render(letter);
  mail.summary.clear();
  const std::string older = FieldWriter()
                                .number(1)
                                .number(0)
                                .text(mail.listed)
                                .text(mime::encode_structure(mail.structure))
                                .take();
  EXPECT_EQ(decode_rendered(older), mail);
  const auto listing = read_listing(older);
  ASSERT_TRUE(listing.has_value());
  EXPECT_EQ(listing->listed, mail.listed);
  EXPECT_EQ(listing->summary, "");
}

TEST(RenderedMail, HasNoSummaryOfAHeaderThatIsCutOrVeryLong) {
  EXPECT_EQ(render("Subject: " + std::string(40'000, 'x') + "\r\n\r\n").summary, "");
  const RenderedMail wordy = render("Subject: " + std::string(20'000, 'x') + "\r\n\r\n");
  EXPECT_FALSE(wordy.is_listed_cut);
  EXPECT_EQ(wordy.summary, "");
}

TEST(RenderedMail, SaysWhenFieldsAreMissing) {
  EXPECT_TRUE(render("Subject: " + std::string(40'000, 'x') + "\r\n\r\n").is_listed_cut);
  EXPECT_TRUE(
      render("X-Filler: " + std::string(100'000, 'x') + "\r\nSubject: late\r\n\r\n").is_listed_cut);
}

TEST(RenderedMail, AThreadIsThatOfTheFirstMessage) {
  const auto thread = [](std::string_view message) { return thread_of(render(message).listed); };
  const std::uint64_t root = thread("Message-ID: <one@example.org>\r\n\r\n");
  EXPECT_NE(root, 0U);
  EXPECT_EQ(thread(letter), root);
  EXPECT_EQ(thread("In-Reply-To: <one@example.org>\r\nMessage-ID: <x@y>\r\n\r\n"), root);
  EXPECT_NE(thread("Message-ID: <other@example.org>\r\n\r\n"), root);
  EXPECT_EQ(thread("Subject: none\r\n\r\n"), 0U);
}

// Messages that were made to cost.
std::string repeated(std::string_view text, std::size_t octets) {
  std::string out;
  while (out.size() < octets) {
    out += text;
  }
  return out;
}

std::string nested(std::size_t depth, bool closes) {
  std::string out;
  for (std::size_t i = 0; i < depth; ++i) {
    const std::string boundary = "b" + std::to_string(i);
    out += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
  }
  for (std::size_t i = depth; closes && i-- > 0;) {
    out += "\r\n--b" + std::to_string(i) + "--\r\n";
  }
  return out;
}

std::string messages_in_messages(std::size_t depth, std::string_view type) {
  return repeated("Content-Type: " + std::string(type) + "\r\n\r\n", depth * 30);
}

std::string numbered(const std::function<std::string(std::size_t)>& part, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out += part(i);
  }
  return out;
}

std::vector<std::pair<const char*, std::string>> bombs() {
  const std::string mixed = "Content-Type: multipart/mixed; boundary=x\r\n\r\n";
  constexpr std::size_t large = bomb_octets;
  std::vector<std::pair<const char*, std::string>> out;
  out.emplace_back("nested 10", nested(10, true));
  out.emplace_back("nested 50,000", nested(50'000, true));
  out.emplace_back("nested and not closed", nested(50'000, false));
  out.emplace_back("one boundary for all", repeated(mixed + "--x\r\n", large));
  out.emplace_back("a million parts", mixed + repeated("--x\r\n", 5 << 20));
  out.emplace_back("parts with blank lines", mixed + repeated("--x\r\n\r\n", large));
  out.emplace_back("parts with types", mixed + repeated("--x\r\nContent-Type: a/b\r\n\r\n", large));
  out.emplace_back("closed again and again", mixed + repeated("--x--\r\n", large));
  out.emplace_back("almost delimiters", mixed + repeated("--xy\r\n", large));
  out.emplace_back("dashes", mixed + repeated("--\r\n", large));
  out.emplace_back("dashes in one line", mixed + std::string(large, '-'));
  out.emplace_back("message in message", messages_in_messages(100'000, "message/rfc822"));
  out.emplace_back("global in global", messages_in_messages(100'000, "message/global"));
  out.emplace_back("digests",
                   repeated("Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n", large));
  out.emplace_back("a header of one field", "Subject: " + std::string(large, 'x'));
  out.emplace_back("a header of many fields", repeated("Subject: x\r\n", large));
  out.emplace_back("a header of small fields", repeated("a:\r\n", large));
  out.emplace_back("folded for ever", "Subject: x\r\n" + repeated(" y\r\n", large));
  out.emplace_back("folded blanks", "Subject: x\r\n" + repeated(" \r\n", large));
  out.emplace_back("parameters", "Content-Type: multipart/mixed" + repeated("; a=b", large));
  out.emplace_back(
      "parameter pieces",
      "Content-Type: a/b" +
          numbered([](std::size_t i) { return "; n*" + std::to_string(i) + "=x"; }, 100'000));
  out.emplace_back("comments", "Content-Type: " + std::string(large, '('));
  out.emplace_back("quotes", "Content-Type: a/b; c=\"" + std::string(large, '\\'));
  out.emplace_back("a long boundary",
                   "Content-Type: multipart/mixed; boundary=" + std::string(60'000, 'b') +
                       "\r\n\r\n" + repeated("--" + std::string(60'000, 'b') + "\r\n", large));
  out.emplace_back("references", "References: " + repeated("<a@b> ", large));
  out.emplace_back("open references", "References: " + std::string(large, '<'));
  out.emplace_back("no line ends", std::string(large, 'x'));
  out.emplace_back("line ends", repeated("\r\n", large));
  out.emplace_back("line feeds", std::string(large, '\n'));
  out.emplace_back("carriage returns", std::string(large, '\r'));
  out.emplace_back("NUL", std::string(large, '\0'));
  out.emplace_back(
      "headers in parts",
      mixed + repeated("--x\r\n" + repeated("Content-ID: y\r\n", 60'000) + "\r\n", large));
  out.emplace_back(
      "many messages",
      mixed + repeated("--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\n", large));
  return out;
}

std::size_t allocated() {
  return mallinfo2().uordblks;
}

TEST(RenderedMail, BombsCostWhatTheirSizeAllows) {
  const auto all = bombs();
  EXPECT_GE(all.size(), 30U);
  for (const auto& [name, message] : all) {
    const auto began = std::chrono::steady_clock::now();
    const std::size_t before = allocated();
    std::size_t most = before;
    MailRenderer renderer;
    for (std::size_t at = 0; at < message.size(); at += 65'536) {
      renderer.feed(std::string_view(message).substr(at, 65'536));
      most = std::max(most, allocated());
    }
    const RenderedMail mail = renderer.finish();
    most = std::max(most, allocated());
    const std::string record = encode_rendered(mail);
    (void)thread_of(mail.listed);
    const auto took = std::chrono::steady_clock::now() - began;
    EXPECT_LT(took, bomb_time) << name;
    EXPECT_LT(most - before, 4 * message.size() + (16U << 20)) << name;
    EXPECT_LT(record.size(), 3U << 20) << name;
    EXPECT_EQ(decode_rendered(record), mail) << name;
  }
}

}  // namespace
}  // namespace postrider::flow
