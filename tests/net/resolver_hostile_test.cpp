// A DNS server that lies, truncates, answers late or something else, goes round in circles, or
// floods: whatever mode the resolver is in, each lookup ends, soon, with nothing to deliver to.

#include "resolver_world.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>

#include <postrider/engine/simulation.hpp>
#include <postrider/net/mail_hosts.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::net {
namespace {

using dns::RecordType;
using dns::ResponseCode;
using engine::Task;

constexpr Duration patience = std::chrono::seconds(60);

std::string u16(std::size_t value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value)};
}

// A response to "mx.example MX" behind its id, with as many answers of what follows.
std::string raw_response(std::size_t answers, std::string_view records) {
  return std::string("\x81\x80\0\1", 4) + u16(answers) + std::string("\0\0\0\0", 4) +
         std::string("\2mx\7example\0\0\17\0\1", 16) + std::string(records);
}
std::string raw_record(std::string_view owner, std::string_view rdata) {
  return std::string(owner) + std::string("\0\17\0\1\0\0\1\0", 8) + u16(rdata.size()) +
         std::string(rdata);
}
DnsReaction raw(std::string octets) {
  DnsReaction reaction;
  reaction.raw = std::move(octets);
  return reaction;
}
std::string repeated(std::size_t count, const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out += text;
  }
  return out;
}

DnsReaction wrong_question(const dns::Query&, bool) {
  return raw(std::string("\x81\x80\0\1\0\0\0\0\0\0", 10) +
             std::string("\2my\7example\0\0\17\0\1", 16));
}
DnsReaction compression_loop(const dns::Query&, bool) {
  return raw(raw_response(1, raw_record("\xC0\x1C", std::string("\0\12\xC0\x28", 4))));
}
DnsReaction pointer_to_itself(const dns::Query&, bool) {
  return raw(raw_response(1, raw_record("\xC0\x0C", std::string("\0\12\xC0\x2A", 4))));
}
DnsReaction thousands_of_records(const dns::Query&, bool tcp) {
  const std::string record = raw_record("\xC0\x0C", std::string("\0\12\1x\xC0\x0C", 6));
  DnsReaction reaction = raw(raw_response(3500, repeated(3500, record)));
  if (!tcp) {
    reaction.raw =
        std::string("\x83\x80\0\1\0\0\0\0\0\0", 10) + std::string("\2mx\7example\0\0\17\0\1", 16);
  }
  return reaction;
}
DnsReaction always_truncated(const dns::Query&, bool) {
  DnsReaction reaction;
  reaction.response.truncated = true;
  return reaction;
}
DnsReaction too_late(const dns::Query& query, bool) {
  DnsReaction reaction = answers({mx_record(query.question.name, 10, "late.example")});
  reaction.delay = std::chrono::seconds(20);
  return reaction;
}
DnsReaction circle(const dns::Query& query, bool) {
  const bool even = query.question.name == "mx.example";
  return answers({cname_record(query.question.name, even ? "other.example" : "mx.example")});
}
DnsReaction endless_aliases(const dns::Query& query, bool) {
  return answers({cname_record(query.question.name, "x" + query.question.name)});
}
DnsReaction forged_ids(const dns::Query&, bool) {
  DnsReaction reaction;
  reaction.wrong_ids = 200;
  reaction.drop = false;
  reaction.truncate = true;
  reaction.close = true;
  return reaction;
}
DnsReaction referral(const dns::Query&, bool) {
  DnsReaction reaction;
  reaction.response.authorities = {
      record_of("example", RecordType::ns, 300, dns::HostName{.name = "ns.example"})};
  return reaction;
}
DnsReaction nothing(const dns::Query&, bool) {
  return drops();
}
DnsReaction half_a_header(const dns::Query&, bool) {
  return raw(std::string("\x81\x80\0", 3));
}
DnsReaction junk_signatures(const dns::Query& query, bool) {
  std::vector<dns::Record> records{mx_record(query.question.name, 10, "mail.example")};
  for (unsigned i = 0; i < 40; ++i) {
    std::string rrsig = std::string("\0\17\10\2\0\0\1\0\x7F\0\0\0\1\0\0\0", 16) + u16(i) +
                        std::string("\7example\0", 9) + std::string(64, 's');
    records.push_back(record_of(query.question.name, RecordType::rrsig, 300,
                                dns::Opaque{.rdata = std::move(rrsig)}));
    records.push_back(record_of(
        query.question.name, RecordType::dnskey, 300,
        dns::Opaque{.rdata = std::string("\1\1\3\10", 4) + u16(i) + std::string(200, 'k')}));
  }
  return answers(std::move(records));
}

struct Hostile {
  std::string_view what;
  DnsReaction (*script)(const dns::Query&, bool);
  bool harms_plain;  // with DNSSEC off there is no answer either
};
const Hostile all_hostile[] = {
    {"wrong question", wrong_question, true},
    {"compression loop", compression_loop, true},
    {"pointer to itself", pointer_to_itself, true},
    {"thousands of records", thousands_of_records, true},
    {"always truncated", always_truncated, true},
    {"too late", too_late, true},
    {"circle of aliases", circle, true},
    {"endless aliases", endless_aliases, true},
    {"forged ids", forged_ids, true},
    {"referral", referral, true},
    {"silence", nothing, true},
    {"half a header", half_a_header, true},
    {"junk signatures", junk_signatures, false},
};

using World = ResolverWorld;

Task<void> ask(World& w, SharedAnswer& answer) {
  answer = co_await w.resolver->lookup("mx.example", RecordType::mx, w.in(patience));
}

TEST(HostileDns, EveryLookupEnds) {
  for (const DnssecMode mode : {DnssecMode::off, DnssecMode::trust_ad, DnssecMode::validate}) {
    for (const Hostile& row : all_hostile) {
      SCOPED_TRACE(std::string(row.what) + " in mode " +
                   std::to_string(static_cast<unsigned>(mode)));
      World world(mode, row.script);
      world.start();
      const MonoTime began = world.reactor.now();
      SharedAnswer answer;
      world.simulation->run(ask(world, answer));
      ASSERT_TRUE(answer);
      if (row.harms_plain || mode == DnssecMode::validate) {
        EXPECT_EQ(answer->status, DnsStatus::temporary_failure);
        EXPECT_TRUE(answer->records.empty());
        EXPECT_NE(answer->reason, "");
      }
      EXPECT_NE(answer->security, DnsSecurity::secure);
      EXPECT_LE(world.reactor.now() - began, patience);
      EXPECT_LE(world.first->queries(), 60U);
    }
  }
}

// Thousands of hosts in one sound answer: those in front are used.
TEST(HostileDns, AsManyHostsAsAnyoneNeeds) {
  World world(DnssecMode::off, [](const dns::Query& query, bool) {
    std::vector<dns::Record> records;
    for (unsigned i = 0; i < 900; ++i) {
      records.push_back(mx_record(query.question.name, static_cast<std::uint16_t>(i),
                                  "m" + std::to_string(i) + ".example"));
    }
    return answers(std::move(records));
  });
  world.run([](World& w) -> Task<void> {
    const auto hosts = co_await find_mail_hosts(
        *w.resolver, w.reactor.random(), {.domain = "a.example"}, {w.reactor.now() + patience});
    EXPECT_TRUE(hosts.has_value());
    EXPECT_EQ(hosts->hosts.size(), mx_hosts_max);
    EXPECT_EQ(hosts->hosts.front().name, "m0.example");
  });
}

}  // namespace
}  // namespace postrider::net
