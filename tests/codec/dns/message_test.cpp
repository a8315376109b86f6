#include "wire.hpp"

#include <gtest/gtest.h>

#include <postrider/codec/dns/message.hpp>

namespace postrider::dns {
namespace {

Query mx_query() {
  return {.id = 0x1234, .question = {.name = "example.org", .type = RecordType::mx}};
}

TEST(DnsQuery, GoldenWithEdns) {
  Query query = mx_query();
  query.edns = Edns{.dnssec_ok = true};
  // Header; example.org MX IN; OPT: root, 41, 1232 octets, version 0, DO, no options.
  const std::string expected = wire(
      "1234 0100 0001 0000 0000 0001 07 6578616d706c65 03 6f7267 00 000f 0001"
      "00 0029 04d0 00 00 8000 0000");
  EXPECT_EQ(encode_query(query).value(), expected);
  EXPECT_EQ(parse_query(expected).value(), query);
}

TEST(DnsQuery, GoldenWithoutEdns) {
  const std::string expected =
      wire("1234 0100 0001 0000 0000 0000 07 6578616d706c65 03 6f7267 00 000f 0001");
  EXPECT_EQ(encode_query(mx_query()).value(), expected);
  EXPECT_EQ(parse_query(expected).value(), mx_query());
}

TEST(DnsQuery, ReadsBackEachFlag) {
  for (unsigned bits = 0; bits < 8; ++bits) {
    Query query{.id = 0xFFFF, .question = {.name = "", .type = RecordType::ns}};
    query.recursion_desired = (bits & 1U) != 0;
    query.checking_disabled = (bits & 2U) != 0;
    if ((bits & 4U) != 0) {
      query.edns = Edns{.payload_octets = 4096, .version = 1};
    }
    EXPECT_EQ(parse_query(encode_query(query).value()).value(), query) << bits;
  }
}

TEST(DnsQuery, TakesASmallPayloadFor512) {
  Query query = mx_query();
  query.edns = Edns{.payload_octets = 1};
  EXPECT_EQ(parse_query(encode_query(query).value())->edns->payload_octets, udp_octets_min);
}

TEST(DnsQuery, RefusesANameThatIsNone) {
  Query query = mx_query();
  query.question.name = "a..b";
  EXPECT_EQ(encode_query(query).error(), MessageError::invalid_name);
  query.question.name = std::string(64, 'a');
  EXPECT_EQ(encode_query(query).error(), MessageError::invalid_name);
}

TEST(DnsQuery, TellsWhyItIsRefused) {
  const std::string good = encode_query(mx_query()).value();
  EXPECT_EQ(parse_query(good.substr(0, 11)).error(), MessageError::malformed);
  EXPECT_EQ(parse_query(good.substr(0, good.size() - 1)).error(), MessageError::malformed);
  EXPECT_EQ(parse_query(good + '\0').error(), MessageError::malformed);
  std::string response = good;
  response[2] = static_cast<char>(0x81);
  EXPECT_EQ(parse_query(response).error(), MessageError::not_ours);
  std::string notify = good;
  notify[2] = 0x20;
  EXPECT_EQ(parse_query(notify).error(), MessageError::unsupported);
  std::string chaos = good;
  chaos.back() = 3;
  EXPECT_EQ(parse_query(chaos).error(), MessageError::unsupported);
}

// As a recursive server sends it: compressed, EDNS at the end.
TEST(DnsResponse, GoldenMxCompressed) {
  const std::string octets = wire(
      "1234 8180 0001 0002 0000 0001 07 6578616d706c65 03 6f7267 00 000f 0001"
      "c00c 000f 0001 00000e10 0008 000a 03 6d7831 c00c"
      "c00c 000f 0001 00000e10 0009 0014 04 42614b32 c00c"
      "00 0029 1000 00 00 0000 0000");
  const Response response = parse_response(octets, mx_query()).value();
  EXPECT_EQ(response.code, ResponseCode::no_error);
  EXPECT_TRUE(response.recursion_available);
  EXPECT_FALSE(response.authoritative);
  EXPECT_FALSE(response.authenticated_data);
  EXPECT_EQ(response.edns, Edns{.payload_octets = 4096});
  const std::vector<Record> expected{
      {.owner = "example.org",
       .type = RecordType::mx,
       .ttl = 3600,
       .data = Mx{.preference = 10, .host = "mx1.example.org"}},
      {.owner = "example.org",
       .type = RecordType::mx,
       .ttl = 3600,
       .data = Mx{.preference = 20, .host = "bak2.example.org"}},
  };
  EXPECT_EQ(response.answers, expected);
}

TEST(DnsResponse, GoldenNegativeWithSoa) {
  const std::string octets = wire(
      "1234 8183 0001 0000 0001 0000 07 6578616d706c65 03 6f7267 00 000f 0001"
      "c014 0006 0001 00000384 0020 02 6e73 c014 04 726f6f74 c014"
      "00000001 00001c20 00000e10 00127500 0000012c");
  const Response response = parse_response(octets, mx_query()).value();
  EXPECT_EQ(response.code, ResponseCode::no_such_name);
  ASSERT_EQ(response.authorities.size(), 1U);
  EXPECT_EQ(response.authorities[0], (Record{.owner = "org",
                                             .type = RecordType::soa,
                                             .ttl = 900,
                                             .data = Soa{.primary = "ns.org", .minimum = 300}}));
}

TEST(DnsResponse, GoldenNullMx) {
  const std::string octets = wire(
      "1234 8400 0001 0001 0000 0000 07 6578616d706c65 03 6f7267 00 000f 0001"
      "c00c 000f 0001 0000003c 0003 0000 00");
  const Response response = parse_response(octets, mx_query()).value();
  ASSERT_EQ(response.answers.size(), 1U);
  EXPECT_EQ(std::get<Mx>(response.answers[0].data), (Mx{.preference = 0, .host = ""}));
}

Response every_type() {
  Response response{.id = 0x1234, .question = mx_query().question, .authoritative = true};
  const auto add = [&response](RecordType type, auto data) {
    response.answers.push_back(
        {.owner = "example.org", .type = type, .ttl = 60, .data = std::move(data)});
  };
  add(RecordType::a, IpAddress::parse("192.0.2.1").value());
  add(RecordType::aaaa, IpAddress::parse("2001:db8::1").value());
  add(RecordType::mx, Mx{.preference = 65535, .host = "a\\.b.example"});
  add(RecordType::mx, Mx{});
  add(RecordType::tlsa, Tlsa{.usage = 3, .selector = 1, .matching_type = 1, .data = "0123"});
  add(RecordType::txt, Txt{.text = std::string(700, 'k')});
  add(RecordType::txt, Txt{.text = std::string("\0\xFF\"", 3)});
  add(RecordType::txt, Txt{});
  add(RecordType::cname, HostName{.name = "other.example.org"});
  add(RecordType::ns, HostName{.name = "ns.example.org"});
  add(RecordType::ptr, HostName{.name = ""});
  add(RecordType::rrsig, Opaque{.rdata = "whatever it is"});
  add(static_cast<RecordType>(65280), Opaque{});
  response.authorities.push_back({.owner = "org",
                                  .type = RecordType::soa,
                                  .ttl = 0,
                                  .data = Soa{.primary = "ns.org", .minimum = 0xFFFFFFFF}});
  return response;
}

TEST(DnsResponse, EveryTypeReadsBack) {
  Response response = every_type();
  response.edns = Edns{.payload_octets = 1232, .dnssec_ok = true};
  const std::string octets = encode_response(response, message_octets_max).value();
  EXPECT_EQ(parse_response(octets, mx_query()).value(), response);
}

TEST(DnsResponse, EveryCodeReadsBackWithEdns) {
  for (const auto code :
       {ResponseCode::format_error, ResponseCode::server_failure, ResponseCode::no_such_name,
        ResponseCode::not_implemented, ResponseCode::refused, ResponseCode::bad_version}) {
    const Response response{
        .id = 0x1234, .question = mx_query().question, .code = code, .edns = Edns{}};
    const std::string octets = encode_response(response, udp_octets_min).value();
    EXPECT_EQ(parse_response(octets, mx_query()).value(), response) << describe(code);
  }
}

TEST(DnsResponse, WhatDoesNotFitIsTruncatedAndEmpty) {
  const Response response = every_type();
  const std::string octets = encode_response(response, udp_octets_min).value();
  EXPECT_LE(octets.size(), udp_octets_min);
  const Response read = parse_response(octets, mx_query()).value();
  EXPECT_TRUE(read.truncated);
  EXPECT_TRUE(read.answers.empty());
}

TEST(DnsResponse, MatchesTheQuestionWhateverItsCase) {
  std::string octets = encode_response(every_type(), message_octets_max).value();
  octets[header_octets + 1] = 'E';
  EXPECT_TRUE(parse_response(octets, mx_query()));
}

TEST(DnsResponse, OfAnotherQuestionIsNotOurs) {
  const std::string good = encode_response(every_type(), message_octets_max).value();
  const auto changed = [&good](std::size_t at, char to) {
    std::string octets = good;
    octets[at] = to;
    return octets;
  };
  const std::size_t type_at = header_octets + 13 + 1;
  EXPECT_TRUE(parse_response(good, mx_query()));
  const std::vector<std::pair<std::string, std::string>> rows{
      {"id", changed(1, 0x35)},
      {"a query", changed(2, 0x01)},
      {"another operation", changed(2, static_cast<char>(0xA0))},
      {"no question", changed(5, 0)},
      {"two questions", changed(5, 2)},
      {"another name", changed(header_octets + 1, 'f')},
      {"another type", changed(type_at, 1)},
      {"another class", changed(type_at + 2, 3)},
      {"nothing", ""},
      {"a short header", good.substr(0, 11)},
  };
  for (const auto& [what, octets] : rows) {
    const auto read = parse_response(octets, mx_query());
    ASSERT_FALSE(read) << what;
    EXPECT_EQ(read.error(), MessageError::not_ours) << what;
  }
}

TEST(DnsResponse, AnErrorMayLackTheQuestion) {
  const auto read = parse_response(header(0x1234, 0x8001, {.questions = 0}), mx_query());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->code, ResponseCode::format_error);
  EXPECT_FALSE(parse_response(header(0x1234, 0x8000, {.questions = 0}), mx_query()));
  EXPECT_FALSE(parse_response(header(0x1234, 0x8003, {.questions = 0}), mx_query()));
}

TEST(DnsResponse, LeavesOutOtherClassesAndTheAdditionalSection) {
  const std::string question = wire_name({"example", "org"}) + u16(15) + u16(1);
  std::string chaos = record("\xC0\x0C", 1, "\x01\x02\x03\x04");
  chaos[5] = 3;
  const std::string octets = header(0x1234, 0x8180, {.answers = 1, .additionals = 1}) + question +
                             chaos + record("\xC0\x0C", 1, "\x01\x02\x03\x04");
  const auto read = parse_response(octets, mx_query());
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->answers.empty());
  EXPECT_TRUE(read->authorities.empty());
}

TEST(DnsRefusal, AnswersWhatCouldNotBeRead) {
  const std::string query = header(0xABCD, 0x2100, {}) + "junk";
  EXPECT_EQ(encode_refusal(query, ResponseCode::not_implemented),
            wire("abcd a104 0000 0000 0000 0000"));
  EXPECT_EQ(encode_refusal("short", ResponseCode::format_error), std::nullopt);
  EXPECT_EQ(encode_refusal(header(1, 0x8000, {}), ResponseCode::format_error), std::nullopt);
}

TEST(DnsDescribe, NamesWhatPeopleKnow) {
  EXPECT_EQ(describe(ResponseCode::no_such_name), "NXDOMAIN");
  EXPECT_EQ(describe(static_cast<ResponseCode>(23)), "RCODE23");
  EXPECT_EQ(describe(RecordType::tlsa), "TLSA");
}

}  // namespace
}  // namespace postrider::dns
