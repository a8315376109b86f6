// What a hostile or broken server may send: refused as a whole, quickly, without a crash.

#include "wire.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/codec/dns/message.hpp>

namespace postrider::dns {
namespace {

const Query query{.id = 0x1234, .question = {.name = "example.org", .type = RecordType::mx}};

std::string question() {
  return wire_name({"example", "org"}) + u16(15) + u16(1);
}

// One answer record with this owner, type and RDATA.
std::string one_answer(std::string_view owner, unsigned type, std::string_view rdata) {
  return header(0x1234, 0x8180, {.answers = 1}) + question() + record(owner, type, rdata);
}

const std::string_view here("\xC0\x0C", 2);  // a pointer to the question's name
// Where the first answer begins.
const std::size_t answer_at = header_octets + question().size();

std::string pointer_to(std::size_t at) {
  return u16(0xC000U | static_cast<unsigned>(at));
}

void expect_malformed(const std::string& what, const std::string& octets) {
  const auto read = parse_response(octets, query);
  ASSERT_FALSE(read) << what;
  EXPECT_EQ(read.error(), MessageError::malformed) << what;
}

TEST(HostileDns, ABaselinePasses) {
  EXPECT_TRUE(parse_response(one_answer(here, 1, "abcd"), query));
}

TEST(HostileDns, RefusesNamesThatDoNotEnd) {
  std::string long_name;
  for (int i = 0; i < 4; ++i) {
    long_name += static_cast<char>(63) + std::string(63, 'x');
  }
  const auto names_at = [&long_name](std::size_t at) {
    return std::vector<std::pair<std::string, std::string>>{
        {"a pointer to itself", pointer_to(at)},
        {"a pointer ahead", pointer_to(at + 1)},
        {"a pointer to the header", pointer_to(2)},
        {"a label and a pointer back to it", "\x01y" + pointer_to(at)},
        {"a label type that is not assigned", std::string("\x40y\0", 3)},
        {"another one", std::string("\x80y\0", 3)},
        {"257 octets", long_name + '\0'},
        {"a long name by a pointer",
         long_name.substr(0, 192) + "\x33" + std::string(51, 'x') + pointer_to(header_octets)},
    };
  };
  for (const auto& [what, owner] : names_at(answer_at)) {
    expect_malformed(what, one_answer(owner, 1, "abcd"));
  }
  for (const auto& [what, name] : names_at(answer_at + here.size() + 10)) {
    expect_malformed(what + ", in RDATA", one_answer(here, 5, name));
  }
}

TEST(HostileDns, RefusesRdataThatDoesNotFitItsType) {
  const std::string soa = wire_name({"a"}) + wire_name({"b"});
  const std::vector<std::tuple<std::string, unsigned, std::string>> rows{
      {"A of 3", 1, "abc"},
      {"A of 5", 1, "abcde"},
      {"empty A", 1, ""},
      {"AAAA of 4", 28, "abcd"},
      {"MX without a name", 15, u16(10)},
      {"MX of 1", 15, "a"},
      {"MX with a tail", 15, u16(10) + wire_name({"mx"}) + "tail"},
      {"empty CNAME", 5, ""},
      {"CNAME cut in a label", 5,
       std::string("\x05"
                   "abc",
                   4)},
      {"CNAME with a tail", 5, wire_name({"a"}) + "b"},
      {"SOA of 19 octets", 6, soa + std::string(19, 'n')},
      {"SOA of 21 octets", 6, soa + std::string(21, 'n')},
      {"SOA with one name", 6, wire_name({"a"}) + std::string(20, '\x3f')},
      {"empty TXT", 16, ""},
      {"TXT past its end", 16,
       std::string("\x05"
                   "abc",
                   4)},
      {"TXT with a lying second piece", 16,
       std::string("\x01"
                   "a\x09z",
                   4)},
      {"TLSA of 3", 52, std::string(3, '\1')},
      {"TLSA of 2", 52, std::string(2, '\1')},
  };
  for (const auto& [what, type, rdata] : rows) {
    expect_malformed(what, one_answer(here, type, rdata));
  }
}

// What a name in RDATA borrows must stand before it, and its own octets within the RDATA.
TEST(HostileDns, RefusesAnRdataNameThatRunsIntoTheNextRecord) {
  const std::string two = header(0x1234, 0x8180, {.answers = 2}) + question() +
                          record(here, 5,
                                 std::string("\x0A"
                                             "abc",
                                             4)) +
                          record(here, 1, "abcd");
  expect_malformed("runs over", two);
}

TEST(HostileDns, RefusesCountsThatLie) {
  const std::string answer = record(here, 1, "abcd");
  expect_malformed("more than there is",
                   header(0x1234, 0x8180, {.answers = 2}) + question() + answer);
  expect_malformed("in another section",
                   header(0x1234, 0x8180, {.answers = 1, .additionals = 1}) + question() + answer);
  expect_malformed("less than there is",
                   header(0x1234, 0x8180, {.answers = 1}) + question() + answer + answer);
  expect_malformed("none", header(0x1234, 0x8180, {}) + question() + answer);
  expect_malformed("999 of nothing", header(0x1234, 0x8180, {.answers = 999}) + question());
  const auto many = parse_response(
      header(0x1234, 0x8180, {.answers = 65535, .authorities = 65535}) + question(), query);
  EXPECT_EQ(many.error(), MessageError::too_many_records);
}

TEST(HostileDns, RefusesTooManyRecords) {
  std::string records;
  for (std::size_t i = 0; i < message_records_max; ++i) {
    records += record(here, 1, "abcd");
  }
  const auto with = [&records](unsigned count) {
    return parse_response(header(0x1234, 0x8180, {.answers = count}) + question() + records, query);
  };
  EXPECT_EQ(with(message_records_max)->answers.size(), message_records_max);
  records += record(here, 1, "abcd");
  EXPECT_EQ(with(message_records_max + 1).error(), MessageError::too_many_records);
}

TEST(HostileDns, RefusesEachTruncation) {
  const std::string whole =
      header(0x1234, 0x8180, {.answers = 2, .authorities = 1}) + question() +
      record(here, 15, u16(10) + wire_name({"mx"}).substr(0, 3) + std::string(here)) +
      record(here, 16, "\x03yes") +
      record(here, 6, std::string(here) + std::string(here) + std::string(20, '\1'));
  ASSERT_TRUE(parse_response(whole, query));
  for (std::size_t size = answer_at; size < whole.size(); ++size) {
    expect_malformed("cut to " + std::to_string(size), whole.substr(0, size));
  }
}

TEST(HostileDns, RefusesEdnsOutOfItsPlace) {
  const std::string opt = record(std::string_view("\0", 1), 41, "");
  expect_malformed("twice", header(0x1234, 0x8180, {.additionals = 2}) + question() + opt + opt);
  expect_malformed("as an answer", header(0x1234, 0x8180, {.answers = 1}) + question() + opt);
  expect_malformed("with an owner",
                   header(0x1234, 0x8180, {.additionals = 1}) + question() + record(here, 41, ""));
}

// 64 KiB of names, each of which points at the one before: the bound on pointers holds the work
// down. Fails by the test's time-out if it does not.
TEST(HostileDns, PointerChainsAreBounded) {
  std::string octets = header(0x1234, 0x8180, {.answers = 900}) + question();
  std::size_t before = header_octets;
  for (int i = 0; i < 900; ++i) {
    const std::size_t at = octets.size();
    octets += record(pointer_to(before), 1, "abcd");
    before = at < 0x3FFF ? at : before;
  }
  expect_malformed("a chain of 900", octets);
}

}  // namespace
}  // namespace postrider::dns
