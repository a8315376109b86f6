#include "fixed_resolver.hpp"

#include <gtest/gtest.h>

#include <postrider/engine/simulation.hpp>
#include <postrider/net/tlsa_lookup.hpp>

namespace postrider::net {
namespace {

using dns::RecordType;
using engine::Task;
using State = TlsaAnswer::State;

const IpAddress address = IpAddress::parse("192.0.2.1").value();
const dns::Tlsa record{.usage = 3, .selector = 1, .matching_type = 1, .data = "digest"};

Task<void> ask(Resolver* resolver, TlsaAnswer* answer) {
  *answer = co_await find_tlsa(*resolver, "MX.example", 25, {});
}

TlsaAnswer find(FixedResolver& resolver) {
  const auto simulation = engine::Simulation::create({.seed = 1});
  TlsaAnswer answer;
  simulation->run(ask(&resolver, &answer));
  return answer;
}

TEST(TlsaLookup, SecureAddressAndRecord) {
  FixedResolver resolver;
  resolver.add("mx.example", RecordType::a, DnsSecurity::secure, address);
  resolver.add("_25._tcp.mx.example", RecordType::tlsa, DnsSecurity::secure, record);
  const TlsaAnswer answer = find(resolver);
  EXPECT_EQ(answer.state, State::found);
  ASSERT_EQ(answer.records.size(), 1U);
  EXPECT_EQ(answer.records[0], record);
  EXPECT_EQ(answer.base_domain, "mx.example");
  EXPECT_EQ(answer.reference_names, std::vector<std::string>{"mx.example"});
}

TEST(TlsaLookup, InsecureAddressesAreNotAskedFurther) {
  FixedResolver resolver;
  resolver.add("mx.example", RecordType::a, DnsSecurity::insecure, address);
  resolver.add("_25._tcp.mx.example", RecordType::tlsa, DnsSecurity::secure, record);
  EXPECT_EQ(find(resolver).state, State::none);
  EXPECT_EQ(resolver.asked.size(), 2U);
}

TEST(TlsaLookup, AnInsecureRecordCountsForNothing) {
  FixedResolver resolver;
  resolver.add("mx.example", RecordType::a, DnsSecurity::secure, address);
  resolver.add("_25._tcp.mx.example", RecordType::tlsa, DnsSecurity::insecure, record);
  EXPECT_EQ(find(resolver).state, State::none);
}

// RFC 7672 2.1.2: a failed lookup is never "no records".
TEST(TlsaLookup, FailuresKeepTheHostFromBeingUsed) {
  for (const bool bogus : {false, true}) {
    const auto security = bogus ? DnsSecurity::bogus : DnsSecurity::indeterminate;
    const auto expected = bogus ? State::bogus : State::temporary_failure;
    FixedResolver at_record;
    at_record.add("mx.example", RecordType::a, DnsSecurity::secure, address);
    at_record.fail("_25._tcp.mx.example", RecordType::tlsa, security, "no luck");
    EXPECT_EQ(find(at_record).state, expected);
    EXPECT_EQ(find(at_record).reason, "no luck");
    FixedResolver at_address;
    at_address.fail("mx.example", RecordType::a, security, "no luck");
    EXPECT_EQ(find(at_address).state, expected);
  }
}

TEST(TlsaLookup, ABogusFamilySpoilsTheOther) {
  FixedResolver resolver;
  resolver.add("mx.example", RecordType::a, DnsSecurity::secure, address);
  resolver.fail("mx.example", RecordType::aaaa, DnsSecurity::bogus, "forged");
  EXPECT_EQ(find(resolver).state, State::bogus);
}

TEST(TlsaLookup, TheNameBehindTheAliasFirst) {
  FixedResolver resolver;
  resolver.add("mx.example", RecordType::a, DnsSecurity::secure, address, "real.example");
  resolver.add("_25._tcp.mx.example", RecordType::tlsa, DnsSecurity::secure, record);
  TlsaAnswer answer = find(resolver);
  EXPECT_EQ(answer.base_domain, "mx.example");  // the other has none
  resolver.add("_25._tcp.real.example", RecordType::tlsa, DnsSecurity::secure, record);
  answer = find(resolver);
  EXPECT_EQ(answer.base_domain, "real.example");
  EXPECT_EQ(answer.reference_names, (std::vector<std::string>{"real.example", "mx.example"}));
}

// RFC 7672 2.2.2: the alias itself is signed, what it leads to is not.
TEST(TlsaLookup, ASecureAliasOfAnInsecureName) {
  FixedResolver resolver;
  resolver.add("mx.example", RecordType::a, DnsSecurity::insecure, address, "far.example.net");
  resolver.add("mx.example", RecordType::cname, DnsSecurity::secure,
               dns::HostName{.name = "far.example.net"});
  resolver.add("_25._tcp.mx.example", RecordType::tlsa, DnsSecurity::secure, record);
  resolver.add("_25._tcp.far.example.net", RecordType::tlsa, DnsSecurity::secure, record);
  const TlsaAnswer answer = find(resolver);
  EXPECT_EQ(answer.state, State::found);
  EXPECT_EQ(answer.base_domain, "mx.example");
}

TEST(TlsaLookup, TooManyRecordsAreNoAnswer) {
  FixedResolver resolver;
  resolver.add("mx.example", RecordType::a, DnsSecurity::secure, address);
  for (std::size_t i = 0; i <= tlsa_records_max; ++i) {
    resolver.add("_25._tcp.mx.example", RecordType::tlsa, DnsSecurity::secure, record);
  }
  EXPECT_EQ(find(resolver).state, State::temporary_failure);
}

TEST(TlsaLookup, AnAddressHasNone) {
  FixedResolver resolver;
  const auto simulation = engine::Simulation::create({.seed = 1});
  TlsaAnswer answer;
  simulation->run([](Resolver* r, TlsaAnswer* out) -> Task<void> {
    *out = co_await find_tlsa(*r, "2001:db8::1", 25, {});
  }(&resolver, &answer));
  EXPECT_EQ(answer.state, State::none);
  EXPECT_TRUE(resolver.asked.empty());
}

}  // namespace
}  // namespace postrider::net
