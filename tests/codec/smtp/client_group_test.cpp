#include "client_dialogue.hpp"

#include <gtest/gtest.h>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

// Content that rides with its envelope, as BDAT LAST (RFC 3030) in one group (RFC 2920).
namespace postrider::smtp {
namespace {

constexpr std::string_view hello_of_a_server_for_groups = R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250-mx
    S: 250-CHUNKING
    S: 250 PIPELINING)";

// One message to one recipient, all of it in one group, and what is answered.
Dialogue offer_in_a_group(const std::string& replies) {
  Dialogue dialogue(plain_settings());
  dialogue.play(hello_of_a_server_for_groups);
  dialogue.set_transaction(to({"x@example.org"}));
  dialogue.set_content("a\r\n");
  dialogue.play(R"(
    C: MAIL FROM:<a@example.net>
    C: RCPT TO:<x@example.org>
    C: BDAT 3 LAST
    C: a
    )" + replies);
  return dialogue;
}

TEST(ClientGroup, SendsContentInOneGroupWithTheEnvelope) {
  Dialogue dialogue(plain_settings());
  dialogue.play(hello_of_a_server_for_groups);
  dialogue.set_transaction(to({"x@example.org", "y@example.org"}));
  dialogue.set_content("..a\r\n");
  dialogue.play(R"(
    C: MAIL FROM:<a@example.net>
    C: RCPT TO:<x@example.org>
    C: RCPT TO:<y@example.org>
    C: BDAT 5 LAST
    C: ..a
    S: 250 ok
    S: 250 ok
    S: 550 not him)");
  EXPECT_EQ(dialogue.step(), ClientStep::receive);
  EXPECT_TRUE(dialogue.session().is_content_sent());
  dialogue.play("S: 250 taken");
  EXPECT_EQ(dialogue.step(), ClientStep::done);
  EXPECT_FALSE(dialogue.session().is_content_sent());
  EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::delivered, Kind::failed}));
}

TEST(ClientGroup, ContentInAGroupWithoutARecipientCountsForNobody) {
  for (const auto& [replies, kind] : std::vector<std::pair<std::string, Kind>>{
           {"S: 250 ok\nS: 550 not him\nS: 503 nobody", Kind::failed},
           {"S: 250 ok\nS: 450 not now\nS: 554 nobody", Kind::deferred},
           {"S: 550 not you\nS: 503 no\nS: 503 no", Kind::failed},
           {"S: 450 not now\nS: 250 what\nS: 250 taken?", Kind::deferred}}) {
    Dialogue dialogue = offer_in_a_group(replies);
    EXPECT_EQ(dialogue.step(), ClientStep::done) << replies;
    EXPECT_FALSE(dialogue.session().is_content_sent()) << replies;
    EXPECT_EQ(dialogue.kinds(), (std::vector{kind})) << replies;
    dialogue.set_transaction(to({"y@example.org"}));
    dialogue.play(R"(
    C: RSET
    C: MAIL FROM:<a@example.net>
    C: RCPT TO:<y@example.org>
    C: BDAT 3 LAST
    C: a
    S: 250 reset
    S: 250 ok
    S: 250 ok
    S: 250 taken)");
    EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::delivered})) << replies;
  }
}

TEST(ClientGroup, A421InsideAGroupLeavesNoDoubtBeforeTheContentIsAnswered) {
  for (const auto& [replies, is_taken] :
       std::vector<std::pair<std::string, bool>>{{"S: 421 later", false},
                                                 {"S: 250 ok\nS: 421 later", false},
                                                 {"S: 250 ok\nS: 250 ok\nS: 421 later", true}}) {
    Dialogue dialogue = offer_in_a_group(replies);
    EXPECT_EQ(dialogue.step(), ClientStep::closed) << replies;
    EXPECT_FALSE(dialogue.session().is_content_sent()) << replies;
    // An answer to the content is one for its recipients; else another host may be asked.
    EXPECT_EQ(dialogue.kinds(), (std::vector{is_taken ? Kind::deferred : Kind::undecided}))
        << replies;
  }
}

TEST(ClientGroup, ContentRidesInAGroupOnlyWhereThatIsAllowed) {
  for (const auto& [extensions, lmtp, allowed] : std::vector<std::tuple<std::string, bool, bool>>{
           {"S: 250-CHUNKING\nS: 250 PIPELINING", false, true},
           {"S: 250-CHUNKING\nS: 250 PIPELINING", true, false},
           {"S: 250 CHUNKING", false, false},
           {"S: 250 PIPELINING", false, false}}) {
    ClientSettings settings = plain_settings();
    settings.protocol = lmtp ? ClientProtocol::lmtp : ClientProtocol::smtp;
    Dialogue dialogue(settings);
    dialogue.play(std::string("S: 220 mx\nC: ") + (lmtp ? "LHLO" : "EHLO") +
                  " out.example.net\nS: 250-mx\n" + extensions);
    EXPECT_EQ(dialogue.session().can_send_at_once(), allowed) << extensions << lmtp;
  }
}

}  // namespace
}  // namespace postrider::smtp
