#include "intake_fixture.hpp"

#include <gtest/gtest.h>
#include <string>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/date.hpp>

namespace postrider::flow {
namespace {

const std::string simple = "From: User <user@example.org>\r\nSubject: hi\r\n\r\nbody\r\n";

using IntakeTest = IntakeFixture;

TEST_F(IntakeTest, FixesUpWhatIsSubmitted) {  // RFC 6409 8
  const auto id = send(
      "Return-Path: <x@y>\r\nFrom: user@example.org\r\nBcc: secret@example.org,\r\n "
      "other@example.org\r\n"
      "To: a@b\r\nResent-Bcc: r@s\r\n\r\nbody\r\n");
  ASSERT_TRUE(id.has_value()) << id.error().text;
  const std::string octets = read(*id);
  const auto section = mime::scan_header(octets);
  ASSERT_TRUE(section.has_value());
  EXPECT_FALSE(section->has("Return-Path"));
  EXPECT_FALSE(section->has("Bcc"));
  EXPECT_FALSE(section->has("Resent-Bcc"));
  EXPECT_EQ(octets.find("secret"), std::string::npos);
  ASSERT_TRUE(section->has("Date"));
  EXPECT_TRUE(mime::parse_date(section->find("Date")->value).has_value());
  EXPECT_EQ(mime::unfold(section->find("Message-ID")->value),
            "<" + id->text() + "@mail.example.org>");
  EXPECT_EQ(section->fields()[0].name, "Received");
  EXPECT_EQ(mime::unfold(section->fields()[0].value),
            "from client.example ([192.0.2.7]) by mail.example.org (Postrider) with ESMTPSA "
            "(TLSv1.3 TLS_AES_128_GCM_SHA256) id " +
                id->text() + " for <friend@Example.NET>; Thu, 01 Jan 2026 00:00:00 +0000");
  EXPECT_TRUE(octets.ends_with("\r\n\r\nbody\r\n"));
}

TEST_F(IntakeTest, LeavesAloneWhatIsThere) {
  const auto id =
      send("Date: Mon, 02 Jan 2006 15:04:05 -0700\r\nMessage-ID: <mine@x>\r\n" + simple);
  const std::string octets = read(*id);
  const auto section = mime::scan_header(octets);
  EXPECT_EQ(section->count("Date"), 1U);
  EXPECT_EQ(section->count("Message-ID"), 1U);
  EXPECT_TRUE(octets.contains("Message-ID: <mine@x>\r\n"));
}

TEST_F(IntakeTest, ARelayedMessageGetsReceivedOnly) {
  conversation.door = Door::relay;
  conversation.account = "";
  const auto id = send("Subject: no From, no Date\r\nBcc: kept@x\r\n\r\nx\r\n");
  ASSERT_TRUE(id.has_value());
  const std::string octets = read(*id);
  EXPECT_TRUE(octets.starts_with("Received: "));
  EXPECT_TRUE(octets.ends_with("Subject: no From, no Date\r\nBcc: kept@x\r\n\r\nx\r\n"));
}

TEST_F(IntakeTest, WritesTheEnvelope) {
  transaction.recipients = {{"a@one.example", "rfc822;a@one.example", {.success = true}},
                            {"b@two.example", "", {}},
                            {"c@ONE.example", "", {.never = true}},
                            {"a@one.example", "", {}},
                            {"d@b\xC3\xBC"
                             "cher.example",
                             "",
                             {}},
                            {"e@[192.0.2.9]", "", {}}};
  transaction.envid = "env";
  transaction.ret = store::Return::headers;
  const auto id = send("From: user@example.org\r\n\r\n\xC3\xA4\r\n");
  ASSERT_TRUE(id.has_value());
  ASSERT_EQ(feed.entries.size(), 1U);
  const store::Envelope& envelope = *feed.entries[0].envelope;
  EXPECT_EQ(envelope.id, *id);
  EXPECT_EQ(envelope.tenant, "example.org");
  EXPECT_EQ(envelope.account, "user@example.org");
  EXPECT_EQ(envelope.reverse_path, "user@example.org");
  EXPECT_EQ(envelope.envid, "env");
  EXPECT_EQ(envelope.ret, store::Return::headers);
  EXPECT_TRUE(envelope.eight_bit);
  EXPECT_FALSE(envelope.smtputf8);
  EXPECT_EQ(envelope.origin, "smtp 192.0.2.7:4711 (client.example)");
  EXPECT_NE(envelope.checksum, 0U);
  ASSERT_EQ(envelope.destinations.size(), 4U);
  EXPECT_EQ(envelope.destinations[0].domain, "one.example");
  ASSERT_EQ(envelope.destinations[0].recipients.size(), 2U);
  EXPECT_EQ(envelope.destinations[0].recipients[0].orcpt, "rfc822;a@one.example");
  EXPECT_EQ(envelope.destinations[0].recipients[1].address, "c@one.example");
  EXPECT_TRUE(envelope.destinations[0].recipients[1].notify.never);
  EXPECT_EQ(envelope.destinations[2].domain, "xn--bcher-kva.example");
  EXPECT_EQ(envelope.destinations[2].recipients[0].address, "d@xn--bcher-kva.example");
  EXPECT_EQ(envelope.destinations[3].domain, "[192.0.2.9]");
  ASSERT_EQ(events.events.size(), 1U);
  EXPECT_EQ(events.events[0].kind, EventKind::received);
  EXPECT_EQ(events.events[0].id, *id);
}

struct Refused {
  const char* claim;
  std::string message;
  IntakeFailure failure;
};

TEST_F(IntakeTest, RefusesWithItsReason) {
  settings.hops_max = 3;
  settings.message_octets_max = 5000;
  settings.header_octets_max = 2000;
  settings.line_octets_max = 1500;
  make();
  std::string many_hops;
  for (int i = 0; i < 4; ++i) {
    many_hops += "Received: by x; Thu, 01 Jan 2026 00:00:00 +0000\r\n";
  }
  const Refused rows[] = {
      {"no From", "Subject: x\r\n\r\nbody\r\n", IntakeFailure::no_from},
      {"nothing at all", "", IntakeFailure::no_from},
      {"no header", "just text\r\n", IntakeFailure::no_from},
      {"an empty From", "From: \r\n\r\nx\r\n", IntakeFailure::malformed},
      {"a group without members", "From: nobody:;\r\n\r\nx\r\n", IntakeFailure::no_from},
      {"two From", "From: user@example.org\r\n" + simple, IntakeFailure::malformed},
      {"a From that is none", "From: user@@example.org\r\n\r\n", IntakeFailure::malformed},
      {"somebody else", "From: boss@example.org\r\n\r\n", IntakeFailure::from_not_allowed},
      {"somebody else beside", "From: user@example.org, boss@example.org\r\n\r\n",
       IntakeFailure::from_not_allowed},
      {"a loop", many_hops + simple, IntakeFailure::loop},
      {"NUL", simple + std::string("a\0b\r\n", 5), IntakeFailure::malformed},
      {"a long line", simple + std::string(1600, 'x') + "\r\n", IntakeFailure::line_too_long},
      {"too large",
       simple +
           [] {
             std::string s;
             while (s.size() < 5000) {
               s += "0123456789\r\n";
             }
             return s;
           }(),
       IntakeFailure::too_large},
      {"a large header",
       [] {
         std::string s;
         while (s.size() < 3000) {
           s += "X-Pad: 0123456789\r\n";
         }
         return s;
       }() +
           simple,
       IntakeFailure::header_too_large},
  };
  for (const Refused& row : rows) {
    events.events.clear();
    const auto id = send(row.message);
    ASSERT_FALSE(id.has_value()) << row.claim;
    EXPECT_EQ(id.error().kind, row.failure) << row.claim << ": " << id.error().text;
    EXPECT_FALSE(id.error().text.empty()) << row.claim;
    ASSERT_EQ(events.events.size(), 1U) << row.claim;
    EXPECT_EQ(events.events[0].kind, EventKind::refused) << row.claim;
  }
  EXPECT_TRUE(feed.entries.empty());
  EXPECT_EQ(intake->counters().memory_bytes, 0U);
}

TEST_F(IntakeTest, SendAsAndResent) {
  conversation.send_as = {"@shop.example"};
  EXPECT_TRUE(send("From: any@shop.example\r\n\r\n").has_value());
  EXPECT_TRUE(send("From: stranger@elsewhere.example\r\nResent-From: user@example.org\r\n\r\n")
                  .has_value());
  EXPECT_FALSE(send("From: user@example.org\r\nResent-From: stranger@elsewhere.example\r\n\r\n")
                   .has_value());
}

TEST_F(IntakeTest, Utf8InAddressesNeedsSmtputf8TextDoesNot) {
  conversation.account = "";
  EXPECT_EQ(send("From: d\xC3\xB6rte@x.example\r\n\r\n").error().kind,
            IntakeFailure::needs_smtputf8);
  EXPECT_TRUE(send("From: u@x.example\r\nSubject: gr\xC3\xBC\xC3\x9F\r\n\r\n").has_value());
  EXPECT_TRUE(feed.entries.back().envelope->eight_bit);
  transaction.smtputf8 = true;
  EXPECT_TRUE(send("From: d\xC3\xB6rte@x.example\r\n\r\n").has_value());
}

TEST_F(IntakeTest, RepairsLineEndsOfSubmissionsAndRefusesThoseOfStrangers) {
  const auto id = send("From: user@example.org\nSubject: x\r\rone\rtwo\nthree");
  ASSERT_TRUE(id.has_value()) << id.error().text;
  const std::string octets = read(*id);
  EXPECT_TRUE(octets.ends_with("\r\n\r\none\r\ntwo\r\nthree\r\n")) << octets;
  conversation.door = Door::inbound;
  for (const char* bad :
       {"From: a@b\r\n\r\nx\ny\r\n", "From: a@b\r\n\r\nx\r.\r\n", "From: a@b\r\n\r\nx\r"}) {
    const auto refused = send(bad);
    ASSERT_FALSE(refused.has_value()) << bad;
    EXPECT_EQ(refused.error().kind, IntakeFailure::malformed);
  }
  EXPECT_TRUE(send("From: a@b\r\n\r\nx\r\n").has_value());
}

TEST_F(IntakeTest, AnySplitGivesTheSameMessage) {
  const std::string message = "X: 1\r\n" + simple + "two\r\n\r\nthree\r\n.\r\nlone\rcr\nlf\r\n";
  const std::string whole = read(*send(message));
  const std::string body = whole.substr(whole.find("\r\n\r\n"));
  for (std::size_t cut = 1; cut < message.size(); ++cut) {
    const auto id = send({message.substr(0, cut), message.substr(cut)});
    ASSERT_TRUE(id.has_value()) << cut;
    const std::string octets = read(*id);
    EXPECT_EQ(octets.substr(octets.find("\r\n\r\n")), body) << cut;
  }
  std::vector<std::string> singles;
  for (const char c : message) {
    singles.emplace_back(1, c);
  }
  const std::string octets = read(*send(singles));
  EXPECT_EQ(octets.substr(octets.find("\r\n\r\n")), body);
}

TEST_F(IntakeTest, AHeaderWithoutItsBlankLineGetsOne) {
  const std::string octets =
      read(*send("From: user@example.org\r\nthis is no field\r\nat all\r\n"));
  EXPECT_TRUE(octets.ends_with("\r\n\r\nthis is no field\r\nat all\r\n")) << octets;
}

std::string large_body(std::size_t octets) {
  std::string body;
  for (std::uint32_t line = 0; body.size() < octets; ++line) {
    body += "line " + std::to_string(line) +
            " of a large message, which has to be told from others\r\n";
  }
  return body;
}

std::vector<std::string> pieces_of(const std::string& octets, std::size_t size) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < octets.size(); at += size) {
    out.push_back(octets.substr(at, size));
  }
  return out;
}

TEST_F(IntakeTest, LargeMessagesGoThroughTheStore) {
  const std::string body = large_body(5'000'000);
  const auto id = send(pieces_of(simple + body, 7001));
  ASSERT_TRUE(id.has_value()) << id.error().text;
  EXPECT_TRUE(read(*id).ends_with("\r\n\r\nbody\r\n" + body));
  EXPECT_GT(feed.entries[0].envelope->body_chunks, 4U);
  EXPECT_EQ(intake->counters().staged, 1U);
  EXPECT_EQ(intake->counters().memory_bytes, 0U);
  EXPECT_LT(intake->counters().memory_peak_bytes, 2'000'000U);
}

TEST_F(IntakeTest, AroundOneMegabyte) {
  for (const std::size_t size : {900'000U, 982'000U, 983'000U, 984'000U, 1'048'576U, 1'100'000U}) {
    const std::string body = large_body(size);
    const auto id = send(pieces_of(simple + body, 16'384));
    ASSERT_TRUE(id.has_value()) << size;
    EXPECT_TRUE(read(*id).ends_with(body)) << size;
  }
}

// RFC 1870 6.1: the announced size is a guess.
TEST_F(IntakeTest, WhateverSizeWasAnnounced) {
  const std::string body = large_body(100'000);
  for (const std::uint64_t announced :
       {0UL, 1UL, 50'000UL, 100'100UL, 200'000UL, 1UL << 20, ~0UL}) {
    transaction.announced_octets = announced;
    const auto id = send(pieces_of(simple + body, 16'384));
    ASSERT_TRUE(id.has_value()) << announced;
    EXPECT_TRUE(read(*id).ends_with("\r\n\r\nbody\r\n" + body)) << announced;
    EXPECT_EQ(intake->counters().memory_bytes, 0U) << announced;
  }
  EXPECT_LT(intake->counters().memory_peak_bytes, 300'000U) << "what was announced may never come";
}

TEST_F(IntakeTest, OnePieceOfAnySizeWillDo) {
  const std::string body = large_body(3'000'000);
  const auto id = send(simple + body);
  ASSERT_TRUE(id.has_value());
  EXPECT_TRUE(read(*id).ends_with(body));
}

engine::Task<void> send_slowly(engine::Reactor& reactor, Intake& intake, Conversation conversation,
                               Transaction transaction, std::string piece, int times, int* accepted,
                               int* shed) {
  auto message = intake.open(std::move(conversation), std::move(transaction));
  const std::string header = "From: user@example.org\r\n\r\n";
  bool good = (co_await message->append(header)).has_value();
  for (int i = 0; good && i < times; ++i) {
    good = (co_await message->append(piece)).has_value();
    co_await reactor.sleep_for(std::chrono::microseconds(100));
  }
  if (good) {
    const auto id = co_await message->commit();
    good = id.has_value();
  }
  ++(good ? *accepted : *shed);
}

TEST_F(IntakeTest, TwoHundredLargeMessagesStayWithinTheBudget) {
  settings.memory_bytes = 24ULL << 20;
  make();
  int accepted = 0;
  int shed = 0;
  std::string piece;
  while (piece.size() < 16'000) {
    piece += "0123456789012345678901234567890123456789012345678901234567890123456789\r\n";
  }
  for (int i = 0; i < 200; ++i) {
    simulation->reactor(0).spawn(send_slowly(simulation->reactor(0), *intake, conversation,
                                             transaction, piece, 60, &accepted,
                                             &shed));  // 2 MB each
  }
  simulation->run_until_idle();
  EXPECT_EQ(accepted, 200);
  EXPECT_EQ(shed, 0);
  EXPECT_LE(intake->counters().memory_peak_bytes, settings.memory_bytes);
  EXPECT_GT(intake->counters().memory_peak_bytes, settings.memory_bytes / 4);
  EXPECT_EQ(intake->counters().memory_bytes, 0U);
}

TEST_F(IntakeTest, WithoutMemoryItSheds) {
  settings.memory_bytes = 256UL << 10;
  settings.memory_patience = {};
  make();
  int accepted = 0;
  int shed = 0;
  const std::string piece(60, 'x');
  for (int i = 0; i < 200; ++i) {
    simulation->reactor(0).spawn(send_slowly(simulation->reactor(0), *intake, conversation,
                                             transaction, piece + "\r\n", 20, &accepted, &shed));
  }
  simulation->run_until_idle();
  EXPECT_GT(accepted, 0);
  EXPECT_GT(shed, 0);
  EXPECT_EQ(accepted + shed, 200);
  EXPECT_LE(intake->counters().memory_peak_bytes, settings.memory_bytes);
  EXPECT_EQ(intake->counters().memory_bytes, 0U);
  EXPECT_EQ(static_cast<int>(intake->counters().shed), shed);
}

TEST_F(IntakeTest, TheStoresErrorsAreItsOwn) {
  store::faults(*disk).full = true;
  EXPECT_EQ(send(simple).error().kind, IntakeFailure::no_space);
  store::faults(*disk).full = false;
  EXPECT_TRUE(send(simple).has_value());
  store::faults(*disk).fail_next_sync = true;
  EXPECT_EQ(send(simple).error().kind, IntakeFailure::store_failed);
}

TEST_F(IntakeTest, NothingRemainsOfAMessageThatWasGivenUp) {
  make();
  const std::string body = large_body(3'000'000);
  struct Local {
    static engine::Task<void> run(Intake& intake, Conversation conversation,
                                  Transaction transaction, std::string octets) {
      auto message = intake.open(std::move(conversation), std::move(transaction));
      EXPECT_TRUE((co_await message->append(octets)).has_value());
    }
  };
  simulation->run(Local::run(*intake, conversation, transaction, simple + body));
  EXPECT_EQ(intake->counters().memory_bytes, 0U);
  EXPECT_TRUE(feed.entries.empty());
}

}  // namespace
}  // namespace postrider::flow
