#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/report/delivery_status.hpp>
#include <postrider/codec/report/limits.hpp>

namespace postrider::report {
namespace {

WallTime at(std::int64_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

DeliveryStatus full_status() {
  return {.envelope_id = "id 7",
          .reporting_mta = "mail.example.org",
          .received_from_mta = "client.example.org",
          .arrival_date = at(1'795'359'144),
          .recipients = {
              {.original = DsnAddress{"rfc822", "list@example.org"},
               .final = {"rfc822", "bob@example.net"},
               .action = Action::failed,
               .status = "5.1.1",
               .remote_mta = "mx.example.net",
               .diagnostic = "550 5.1.1 <bob@example.net>: no such user; see (https://example.net)",
               .last_attempt = at(1'795'359'150),
               .final_log_id = "0000000000001"},
              {.final = {"utf-8", "b\u00f6b+x@example.net"},
               .action = Action::delayed,
               .status = "4.4.1",
               .diagnostic = "connection timed out",
               .diagnostic_type = "x-postrider",
               .will_retry_until = at(1'795'959'150)}}};
}

TEST(DeliveryStatusPart, WritesTheFieldsOfTheStandard) {
  EXPECT_EQ(encode_delivery_status(full_status(), false),
            "Original-Envelope-Id: id 7\r\n"
            "Reporting-MTA: dns; mail.example.org\r\n"
            "Received-From-MTA: dns; client.example.org\r\n"
            "Arrival-Date: Sun, 22 Nov 2026 14:52:24 +0000\r\n"
            "\r\n"
            "Original-Recipient: rfc822; list@example.org\r\n"
            "Final-Recipient: rfc822; bob@example.net\r\n"
            "Action: failed\r\n"
            "Status: 5.1.1\r\n"
            "Remote-MTA: dns; mx.example.net\r\n"
            "Diagnostic-Code: smtp; 550 5.1.1 <bob@example.net>: no such user; see\r\n"
            " (https://example.net)\r\n"
            "Last-Attempt-Date: Sun, 22 Nov 2026 14:52:30 +0000\r\n"
            "Final-Log-ID: 0000000000001\r\n"
            "\r\n"
            "Final-Recipient: utf-8; b\\x{F6}b\\x{2B}x@example.net\r\n"
            "Action: delayed\r\n"
            "Status: 4.4.1\r\n"
            "Diagnostic-Code: x-postrider; connection timed out\r\n"
            "Will-Retry-Until: Sun, 29 Nov 2026 13:32:30 +0000\r\n");
}

TEST(DeliveryStatusPart, GlobalFormKeepsUtf8) {
  DeliveryStatus status = full_status();
  status.recipients[1].diagnostic = "unbekannter Empf\u00e4nger";
  const std::string global = encode_delivery_status(status, true);
  EXPECT_NE(global.find("Final-Recipient: utf-8; b\u00f6b\\x{2B}x@example.net\r\n"),
            std::string::npos);
  EXPECT_EQ(parse_delivery_status(global), status);
  const std::string ascii = encode_delivery_status(status, false);
  EXPECT_TRUE(is_ascii(ascii));
  EXPECT_EQ(parse_delivery_status(ascii)->recipients[1].diagnostic, "unbekannter Empf?nger");
  EXPECT_EQ(parse_delivery_status(ascii)->recipients[1].final, status.recipients[1].final);
}

TEST(DeliveryStatusPart, NoTextBreaksOutOfItsField) {
  DeliveryStatus status = full_status();
  status.recipients.resize(1);
  status.recipients[0].diagnostic =
      "550-line\r\n550\r\n\r\nFinal-Recipient: rfc822; eve@x\r\nAction: delivered";
  status.recipients[0].final.address = "a@b\r\nAction: relayed";
  status.envelope_id = "x\r\n\r\ny";
  const auto back = parse_delivery_status(encode_delivery_status(status, false));
  ASSERT_TRUE(back);
  ASSERT_EQ(back->recipients.size(), 1U);
  EXPECT_EQ(back->recipients[0].action, Action::failed);
  EXPECT_EQ(back->recipients[0].diagnostic,
            "550-line 550 Final-Recipient: rfc822; eve@x Action: delivered");
  EXPECT_EQ(back->envelope_id, "x y");
  status.recipients[0].diagnostic = std::string(5'000, 'x');
  const auto section = mime::scan_header(encode_delivery_status(status, false).substr(40));
  EXPECT_LE(section->longest_line_octets(), mime::standard_line_octets);
}

TEST(DeliveryStatusPart, RoundTrips) {
  SeededRandom random(41);
  const auto text = [&](std::size_t most) {
    constexpr std::string_view alphabet = "abc(;):<@>., 5";
    std::string out = "x";
    for (auto n = random.below(most); n > 0; --n) {
      out += alphabet[random.below(alphabet.size())];
    }
    return out + "x";
  };
  const auto maybe = [&](auto make) {
    return random.below(2) == 0 ? std::nullopt : std::optional(make());
  };
  const auto line = [&] { return text(150); };
  const auto time = [&] { return at(static_cast<std::int64_t>(random.below(5'000'000'000))); };
  const auto address = [&] {
    return random.below(2) == 0 ? DsnAddress{"rfc822", text(20)}
                                : DsnAddress{"utf-8", text(5) + "\u00e4\u65e5"};
  };
  for (int i = 0; i < 3'000; ++i) {
    DeliveryStatus status{.envelope_id = maybe(line),
                          .reporting_mta = text(30),
                          .received_from_mta = maybe(line),
                          .arrival_date = maybe(time)};
    for (auto n = random.below(4) + 1; n > 0; --n) {
      RecipientStatus recipient{.original = maybe(address),
                                .final = address(),
                                .action = static_cast<Action>(random.below(5)),
                                .status = "4." + std::to_string(random.below(1000)) + ".7",
                                .remote_mta = maybe(line),
                                .diagnostic = maybe(line),
                                .last_attempt = maybe(time),
                                .final_log_id = maybe(line),
                                .will_retry_until = maybe(time)};
      status.recipients.push_back(recipient);
    }
    const bool global = random.below(2) == 0;
    ASSERT_EQ(parse_delivery_status(encode_delivery_status(status, global)), status)
        << "seed 41\n"
        << encode_delivery_status(status, global);
  }
}

TEST(DeliveryStatusPart, ReadsWhatOthersWrite) {
  const auto status = parse_delivery_status(
      "\r\n\r\nReporting-MTA: DNS;mail.example.org (Some MTA)\r\nX-Queue: 7\r\n\r\n\r\n"
      "final-recipient: RFC822;\r\n bob@example.net\r\naction: Failed (permanently)\r\n"
      "Status: 5.1.1 (bad mailbox)\r\nArrival-Date: yesterday\r\n\r\n"
      "Action: failed\r\n\r\n"
      "Final-Recipient: rfc822; x@y\r\nAction: exploded\r\n\r\n"
      "Original-Recipient: rfc822;only@original\r\nAction: delayed\r\nStatus: soon");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->reporting_mta, "mail.example.org (Some MTA)");
  ASSERT_EQ(status->recipients.size(), 2U);
  EXPECT_EQ(status->recipients[0].final, (DsnAddress{"rfc822", "bob@example.net"}));
  EXPECT_EQ(status->recipients[0].status, "5.1.1");
  EXPECT_EQ(status->recipients[0].last_attempt, std::nullopt);
  EXPECT_EQ(status->recipients[1].final.address, "only@original");
  EXPECT_EQ(status->recipients[1].status, "4.0.0");
  // one block for all
  EXPECT_EQ(parse_delivery_status(
                "Reporting-MTA: dns; a\r\nFinal-Recipient: rfc822; b@c\r\nAction: failed\r\n")
                ->recipients.size(),
            1U);
}

TEST(DeliveryStatusPart, RefusesTheRest) {
  const std::pair<const char*, DeliveryStatusError> rows[] = {
      {"", DeliveryStatusError::no_recipients},
      {"\r\n\r\n", DeliveryStatusError::no_recipients},
      {"Reporting-MTA: dns; a\r\n", DeliveryStatusError::no_recipients},
      {"Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: rfc822; b@c\r\n",
       DeliveryStatusError::no_recipients},
      {"Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: b@c\r\nAction: failed\r\n",
       DeliveryStatusError::no_recipients},
      {"Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: utf-8; \\x{\r\nAction: failed\r\n",
       DeliveryStatusError::no_recipients},
      {"no field\r\n", DeliveryStatusError::malformed},
      {"Reporting-MTA: dns; a\r\nno field\r\n", DeliveryStatusError::malformed},
  };
  for (const auto& [body, error] : rows) {
    const auto status = parse_delivery_status(body);
    ASSERT_FALSE(status) << body;
    EXPECT_EQ(status.error(), error) << body;
  }
}

TEST(DeliveryStatusPart, HoldsItsBudget) {
  std::string body = "Reporting-MTA: dns; a\r\n";
  for (std::size_t i = 0; i < max_parsed_recipients + 10; ++i) {
    body += "\r\nFinal-Recipient: rfc822; b@c\r\nAction: failed\r\n";
  }
  EXPECT_EQ(parse_delivery_status(body)->recipients.size(), max_parsed_recipients);
}

}  // namespace
}  // namespace postrider::report
