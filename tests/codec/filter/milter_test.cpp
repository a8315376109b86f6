#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/codec/filter/milter.hpp>

namespace postrider::filter {
namespace {

using namespace std::string_literals;
using enum MilterVerb;

std::string packet(std::string_view body) {
  return "\0\0\0"s + static_cast<char>(body.size()) + std::string(body);
}

Result<MilterReply, MilterFailure> reply_of(const std::string& body) {
  const std::string octets = packet(body);
  const auto found = parse_milter_packet(octets);
  EXPECT_TRUE(found && *found);
  return parse_milter_reply(**found);
}

TEST(Milter, OffersAllThatItKnows) {
  std::string out;
  append_milter_offer(out);
  EXPECT_EQ(out, "\0\0\0\x0dO\0\0\0\6\0\0\1\xff\0\x1f\xf7\xff"s);
}

TEST(Milter, WritesItsCommands) {
  std::string out;
  append_milter_connect("client.example", SocketAddress::parse("192.0.2.7:4711"), out);
  EXPECT_EQ(out,
            "\0\0\0\x1d"
            "Cclient.example\0"
            "4\x12\x67"
            "192.0.2.7\0"s);
  out.clear();
  append_milter_connect("[2001:db8::1]", SocketAddress::parse("[2001:db8::1]:25"), out);
  EXPECT_EQ(out,
            "\0\0\0\x1e"
            "C[2001:db8::1]\0"
            "6\0\x19"
            "2001:db8::1\0"s);
  out.clear();
  append_milter_connect("unknown", std::nullopt, out);
  EXPECT_EQ(out,
            "\0\0\0\x0a"
            "Cunknown\0U"s);
  out.clear();
  append_milter_texts(MilterCommand::mail, std::vector<std::string>{"<a@b>", "SIZE=7"}, out);
  EXPECT_EQ(out, packet("M<a@b>\0SIZE=7\0"s));
  out.clear();
  append_milter_macros(MilterCommand::rcpt,
                       std::vector<MilterMacro>{{"i", "1"}, {"{rcpt_addr}", "x@y"}}, out);
  EXPECT_EQ(out, packet("DRi\0001\0{rcpt_addr}\0x@y\0"s));
  out.clear();
  append_milter_body("a\0b"s, out);
  append_milter_command(MilterCommand::body_end, out);
  EXPECT_EQ(out, packet("Ba\0b"s) + packet("E"));
}

TEST(Milter, NoTextBreaksOutOfItsPlace) {
  std::string out;
  append_milter_texts(MilterCommand::helo, std::vector<std::string>{"a\0Q"s}, out);
  EXPECT_EQ(out, packet("Ha\0"s));
}

TEST(Milter, APacketIsFoundWhereverItIsCut) {
  const std::string octets = packet("hX-A\0b\0"s) + packet("c");
  for (std::size_t cut = 0; cut < octets.size(); ++cut) {
    const auto found = parse_milter_packet(std::string_view(octets).substr(0, cut));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->has_value(), cut >= 11) << cut;
  }
  const auto first = *parse_milter_packet(octets);
  EXPECT_EQ(first->octets, 11U);
  EXPECT_EQ(parse_milter_packet(std::string_view(octets).substr(11)).value()->kind, 'c');
}

TEST(Milter, WhatIsNoPacketIsToldBeforeItIsWaitedFor) {
  EXPECT_EQ(parse_milter_packet("\0\0\0\0"s).error(), MilterFailure::malformed);
  EXPECT_EQ(parse_milter_packet("HTTP/1.1 400"s).error(), MilterFailure::too_long);
  EXPECT_EQ(parse_milter_packet("\0\x20\0\0x"s).error(), MilterFailure::too_long);
}

TEST(Milter, ReadsItsReplies) {
  using Reply = MilterReply;
  const std::vector<std::pair<std::string, Reply>> table = {
      {"c", {}},
      {"a", {.verb = accept}},
      {"r", {.verb = reject}},
      {"t", {.verb = tempfail}},
      {"d", {.verb = discard}},
      {"4", {.verb = shutdown}},
      {"f", {.verb = connection_failure}},
      {"s", {.verb = skip}},
      {"p", {.verb = progress}},
      {"y550 5.7.1 Go away\0"s,
       {.verb = reply, .text = "Go away", .code = 550, .enhanced = "5.7.1"}},
      {"y451 later", {.verb = reply, .text = "later", .code = 451}},
      {"y550 4.7.1 odd\0"s, {.verb = reply, .text = "4.7.1 odd", .code = 550}},
      {"y554-5.7.0 one\r\n554 5.7.0 two\0"s,
       {.verb = reply, .text = "one\ntwo", .code = 554, .enhanced = "5.7.0"}},
      {"y421", {.verb = reply, .code = 421}},
      {"hX-A\0 b\0"s, {.verb = add_header, .name = "X-A", .text = " b"}},
      {"i\0\0\0\1X-A\0b\0"s, {.verb = insert_header, .index = 1, .name = "X-A", .text = "b"}},
      {"m\0\0\0\2Subject\0\0"s, {.verb = change_header, .index = 2, .name = "Subject"}},
      {"e<a@b>\0"s, {.verb = change_sender, .text = "a@b"}},
      {"e<>\0"s, {.verb = change_sender}},
      {"+<a@b>\0"s, {.verb = add_recipient, .text = "a@b"}},
      {"2<a@b>\0NOTIFY=NEVER\0"s, {.verb = add_recipient, .text = "a@b"}},
      {"-a@b\0"s, {.verb = remove_recipient, .text = "a@b"}},
      {"ba\0b"s, {.verb = replace_body, .text = "a\0b"s}},
      {"qwhy\0"s, {.verb = quarantine, .text = "why"}},
  };
  for (const auto& [octets, wanted] : table) {
    const auto found = reply_of(octets);
    ASSERT_TRUE(found) << octets;
    EXPECT_EQ(*found, wanted) << octets;
  }
}

TEST(Milter, WhatIsNoReplyIsNeverTaken) {
  for (const std::string& octets :
       {"z"s, "Y"s, "y"s, "y250 ok\0"s, "y55\0"s, "y550x\0"s, "y550-a\r\n551 b\0"s, "yabc def\0"s,
        "h"s, "h\0x\0"s, "i\0\0"s, "i\0\0\0\1"s, "m\0\0\0"s, "+"s, "-"s, "e"s}) {
    EXPECT_EQ(reply_of(octets).error(), MilterFailure::malformed) << octets;
  }
}

Result<MilterTerms, MilterFailure> terms_of(const std::string& data) {
  return parse_milter_terms({'O', data, 0});
}

TEST(Milter, TermsAreAgreedOn) {
  const auto terms = terms_of("\0\0\0\6\0\0\0\x11\0\x10\4\xa8"s);
  ASSERT_TRUE(terms);
  EXPECT_EQ(terms->actions, milter_action::add_headers | milter_action::change_headers);
  EXPECT_FALSE(is_wanted(*terms, MilterCommand::rcpt));
  EXPECT_FALSE(is_wanted(*terms, MilterCommand::header));
  EXPECT_TRUE(is_wanted(*terms, MilterCommand::mail));
  EXPECT_TRUE(is_wanted(*terms, MilterCommand::body_end));
  EXPECT_FALSE(is_answered(*terms, MilterCommand::header));
  EXPECT_TRUE(is_answered(*terms, MilterCommand::body));
  EXPECT_FALSE(is_answered(*terms, MilterCommand::abort));
  EXPECT_FALSE(is_wanted({.version = 2, .macros = {}}, MilterCommand::data));
}

TEST(Milter, AFilterMayChooseItsMacros) {
  const auto terms = terms_of("\0\0\0\6\0\0\1\0\0\0\0\0"s + "\0\0\0\2i {auth_authen}\0"s +
                              "\0\0\0\5\0"s + "\0\0\0\x63zzz\0"s);
  ASSERT_TRUE(terms);
  EXPECT_EQ(terms->macros[2], (std::vector<std::string>{"i", "{auth_authen}"}));
  EXPECT_EQ(terms->macros[5], std::vector<std::string>());
  EXPECT_FALSE(terms->macros[0].has_value());
}

TEST(Milter, WhatWasNotOfferedIsNotTaken) {
  EXPECT_EQ(terms_of("\0\0\0\7\0\0\0\0\0\0\0\0"s).error(), MilterFailure::bad_terms);
  EXPECT_EQ(terms_of("\0\0\0\1\0\0\0\0\0\0\0\0"s).error(), MilterFailure::bad_terms);
  EXPECT_EQ(terms_of("\0\0\0\6\0\0\2\0\0\0\0\0"s).error(), MilterFailure::bad_terms);
  EXPECT_EQ(terms_of("\0\0\0\6\0\0\0\0\0\0\x8\0"s).error(), MilterFailure::bad_terms);
  EXPECT_EQ(terms_of("\0\0\0\6\0\0\0\0"s).error(), MilterFailure::malformed);
  EXPECT_EQ(parse_milter_terms({'c', "\0\0\0\6\0\0\0\0\0\0\0\0"s, 0}).error(),
            MilterFailure::malformed);
}

TEST(Milter, ChangesComeAtTheEndAndByAgreement) {
  MilterTerms terms;
  terms.actions = milter_action::add_headers;
  EXPECT_TRUE(is_allowed(terms, MilterCommand::body_end, add_header));
  EXPECT_TRUE(is_allowed(terms, MilterCommand::body_end, insert_header));
  EXPECT_FALSE(is_allowed(terms, MilterCommand::header, add_header));
  EXPECT_FALSE(is_allowed(terms, MilterCommand::body_end, change_header));
  EXPECT_FALSE(is_allowed(terms, MilterCommand::body_end, replace_body));
  EXPECT_TRUE(is_allowed(terms, MilterCommand::body, skip));
  EXPECT_FALSE(is_allowed(terms, MilterCommand::header, skip));
  terms.steps = 0;
  EXPECT_FALSE(is_allowed(terms, MilterCommand::body, skip));
  terms.actions = milter_action::add_recipients_with_parameters;
  EXPECT_TRUE(is_allowed(terms, MilterCommand::body_end, add_recipient));
  for (const MilterVerb verb :
       {proceed, accept, reject, tempfail, discard, reply, shutdown, skip}) {
    EXPECT_TRUE(is_final(verb));
  }
  for (const MilterVerb verb : {progress, add_header, replace_body, quarantine}) {
    EXPECT_FALSE(is_final(verb));
  }
}

}  // namespace
}  // namespace postrider::filter
