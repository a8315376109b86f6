#include "scripted_dns.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include <postrider/engine/simulation.hpp>
#include <postrider/net/mail_hosts.hpp>

namespace postrider::net {
namespace {

using dns::RecordType;
using dns::ResponseCode;
using engine::Task;

// A resolver's answers as a zone would make them, on a simulated reactor.
class Zone {
 public:
  Zone& with(dns::Record record) {
    records_.push_back(std::move(record));
    return *this;
  }
  Zone& fails(std::string name) {
    failing_.insert(std::move(name));
    return *this;
  }
  [[nodiscard]] DnsReaction answer(const dns::Query& query) const {
    const std::string& name = query.question.name;
    if (failing_.contains(name)) {
      return says(ResponseCode::server_failure);
    }
    std::vector<dns::Record> found;
    bool exists = false;
    for (const dns::Record& record : records_) {
      const bool same = record.owner == name;
      exists = exists || same;
      if (same && (record.type == query.question.type || record.type == RecordType::cname)) {
        found.push_back(record);
      }
    }
    return found.empty() ? denies(exists ? ResponseCode::no_error : ResponseCode::no_such_name)
                         : answers(std::move(found));
  }

 private:
  std::vector<dns::Record> records_;
  std::set<std::string> failing_;
};

using HostsResult = Result<MailHosts, MailHostsError>;

const SocketAddress server_address = SocketAddress::parse("192.0.2.53:53").value();

// Runs one question against a zone.
class Lookup {
 public:
  explicit Lookup(Zone zone)
      : zone_(std::move(zone)),
        simulation_(engine::Simulation::create({.seed = 11})),
        reactor_(simulation_->reactor(0)),
        server_(reactor_, server_address,
                [this](const dns::Query& query, bool) { return zone_.answer(query); }) {
    ResolverSettings settings;
    settings.servers = {server_address};
    resolver_ = make_resolver(reactor_, settings);
  }

  HostsResult hosts(std::string domain, std::vector<std::string> own_names = {}) {
    HostsResult result = failure(MailHostsError{});
    simulation_->run(
        find_into(this, {.domain = std::move(domain), .own_names = std::move(own_names)}, &result));
    return result;
  }
  HostAddresses addresses(std::string host, AddressFamilies families = {}) {
    HostAddresses result;
    simulation_->run(addresses_into(this, std::move(host), families, &result));
    return result;
  }

 private:
  [[nodiscard]] engine::Until patience() const {
    return {.deadline = reactor_.now() + std::chrono::minutes(2)};
  }
  static Task<void> find_into(Lookup* self, MailHostsQuery query, HostsResult* result) {
    *result = co_await find_mail_hosts(*self->resolver_, self->reactor_.random(), std::move(query),
                                       self->patience());
  }
  static Task<void> addresses_into(Lookup* self, std::string host, AddressFamilies families,
                                   HostAddresses* result) {
    *result = co_await find_addresses(*self->resolver_, self->reactor_.random(), std::move(host),
                                      families, self->patience());
  }

  Zone zone_;
  std::unique_ptr<engine::Simulation> simulation_;
  engine::Reactor& reactor_;
  ScriptedDns server_;
  std::unique_ptr<Resolver> resolver_;
};

std::string names(const HostsResult& result) {
  if (!result) {
    return "failed: " + result.error().text;
  }
  std::string out;
  for (const MailHost& host : result->hosts) {
    out += (out.empty() ? "" : " ") + std::to_string(host.preference) + ":" + host.name;
  }
  return out;
}

void expect_failure(const HostsResult& result, MailHostsFailure kind, std::string_view text) {
  ASSERT_FALSE(result) << names(result);
  EXPECT_EQ(result.error().kind, kind) << result.error().text;
  EXPECT_NE(result.error().text.find(text), std::string::npos) << result.error().text;
}

TEST(MailHosts, AreInOrderOfPreference) {
  Lookup lookup(Zone()
                    .with(mx_record("d.example", 20, "b.example"))
                    .with(mx_record("d.example", 5, "a.example"))
                    .with(mx_record("d.example", 100, "c.example")));
  const HostsResult result = lookup.hosts("D.Example");
  EXPECT_EQ(names(result), "5:a.example 20:b.example 100:c.example");
  EXPECT_FALSE(result->implicit);
  EXPECT_EQ(result->site, "a.example,b.example,c.example");
}

TEST(MailHosts, AreShuffledAmongEquals) {
  Lookup lookup(Zone()
                    .with(mx_record("d.example", 10, "a.example"))
                    .with(mx_record("d.example", 10, "b.example"))
                    .with(mx_record("d.example", 10, "c.example"))
                    .with(mx_record("d.example", 1, "first.example")));
  std::map<std::string, int> second;
  for (int i = 0; i < 300; ++i) {
    const HostsResult result = lookup.hosts("d.example");
    EXPECT_EQ(result->hosts.at(0).name, "first.example");
    ++second[result->hosts.at(1).name];
  }
  EXPECT_EQ(second.size(), 3U);
  for (const auto& [name, count] : second) {
    EXPECT_GT(count, 60) << name;
  }
}

TEST(MailHosts, EqualSetsAreOneSiteWhateverTheirOrder) {
  Lookup lookup(Zone()
                    .with(mx_record("one.example", 10, "a.example"))
                    .with(mx_record("one.example", 20, "b.example"))
                    .with(mx_record("two.example", 5, "B.example"))
                    .with(mx_record("two.example", 5, "a.example"))
                    .with(mx_record("three.example", 5, "a.example")));
  EXPECT_EQ(lookup.hosts("one.example")->site, lookup.hosts("two.example")->site);
  EXPECT_NE(lookup.hosts("one.example")->site, lookup.hosts("three.example")->site);
}

TEST(MailHosts, AreTheDomainItselfWithoutMx) {
  Lookup lookup(Zone()
                    .with(a_record("v4.example", "198.51.100.1"))
                    .with(aaaa_record("v6.example", "2001:db8::1")));
  for (const std::string domain : {"v4.example", "v6.example"}) {
    const HostsResult result = lookup.hosts(domain);
    EXPECT_EQ(names(result), "0:" + domain);
    EXPECT_TRUE(result->implicit);
    EXPECT_EQ(result->site, domain);
  }
}

TEST(MailHosts, NeitherMxNorAddressIsPermanent) {
  Lookup lookup(Zone().with(record_of("d.example", RecordType::txt, 60, dns::Txt{.text = "x"})));
  expect_failure(lookup.hosts("d.example"), MailHostsFailure::no_hosts,
                 "d.example has neither MX nor address");
  expect_failure(lookup.hosts("gone.example"), MailHostsFailure::no_such_domain,
                 "gone.example does not exist");
}

TEST(MailHosts, FailingDnsIsTemporaryNeverPermanent) {
  Lookup lookup(Zone().fails("d.example"));
  expect_failure(lookup.hosts("d.example"), MailHostsFailure::temporary,
                 "DNS of d.example: SERVFAIL from 192.0.2.53:53");
}

TEST(MailHosts, NullMxTakesNoMail) {
  Lookup lookup(
      Zone().with(mx_record("d.example", 0, "")).with(a_record("d.example", "198.51.100.1")));
  expect_failure(lookup.hosts("d.example"), MailHostsFailure::null_mx, "d.example takes no mail");
}

TEST(MailHosts, ANullMxBesideOthersIsDropped) {
  Lookup lookup(
      Zone().with(mx_record("d.example", 0, "")).with(mx_record("d.example", 10, "a.example")));
  const HostsResult result = lookup.hosts("d.example");
  EXPECT_EQ(names(result), "10:a.example");
  ASSERT_EQ(result->dropped.size(), 1U);
  EXPECT_EQ(result->dropped[0], "\".\": a null MX beside others");
}

TEST(MailHosts, TargetsThatAreNoHostAreDropped) {
  Lookup lookup(Zone()
                    .with(mx_record("d.example", 1, "localhost"))
                    .with(mx_record("d.example", 2, "a.localhost"))
                    .with(mx_record("d.example", 3, "192.0.2.1"))
                    .with(mx_record("d.example", 4, "two\\032words.example"))
                    .with(mx_record("d.example", 5, "a.example"))
                    .with(mx_record("bad.example", 1, "192.0.2.1")));
  const HostsResult result = lookup.hosts("d.example");
  EXPECT_EQ(names(result), "5:a.example");
  EXPECT_EQ(result->dropped.size(), 4U);
  expect_failure(lookup.hosts("bad.example"), MailHostsFailure::no_hosts,
                 "\"192.0.2.1\": an address in place of a name");
}

TEST(MailHosts, AHostNamedTwiceCountsOnce) {
  Lookup lookup(Zone()
                    .with(mx_record("d.example", 20, "a.example"))
                    .with(mx_record("d.example", 10, "A.example"))
                    .with(mx_record("d.example", 15, "b.example")));
  EXPECT_EQ(names(lookup.hosts("d.example")), "10:a.example 15:b.example");
}

TEST(MailHosts, HostsAtOrBehindOurPreferenceAreDropped) {
  Lookup lookup(Zone()
                    .with(mx_record("d.example", 10, "a.example"))
                    .with(mx_record("d.example", 20, "us.example"))
                    .with(mx_record("d.example", 20, "peer.example"))
                    .with(mx_record("d.example", 30, "behind.example")));
  EXPECT_EQ(names(lookup.hosts("d.example", {"US.example"})), "10:a.example");
  EXPECT_EQ(lookup.hosts("d.example", {"US.example"})->site, "a.example");
}

TEST(MailHosts, BeingTheBestHostIsALoop) {
  Lookup lookup(Zone()
                    .with(mx_record("d.example", 10, "us.example"))
                    .with(mx_record("d.example", 20, "b.example"))
                    .with(a_record("us.example", "198.51.100.1")));
  expect_failure(lookup.hosts("d.example", {"us.example"}), MailHostsFailure::loops_to_us,
                 "we are its best MX");
  expect_failure(lookup.hosts("us.example", {"us.example"}), MailHostsFailure::loops_to_us,
                 "it has no MX, and is us");
}

TEST(MailHosts, ACnameAtTheDomainIsFollowed) {
  Lookup lookup(Zone()
                    .with(cname_record("alias.example", "real.example"))
                    .with(mx_record("real.example", 10, "a.example"))
                    .with(cname_record("www.example", "host.example"))
                    .with(a_record("host.example", "198.51.100.1")));
  EXPECT_EQ(names(lookup.hosts("alias.example")), "10:a.example");
  const HostsResult implicit = lookup.hosts("www.example");
  EXPECT_EQ(names(implicit), "0:host.example");
  EXPECT_TRUE(implicit->implicit);
}

TEST(MailHosts, AnAddressLiteralIsItsOwnHost) {
  Lookup lookup((Zone()));
  EXPECT_EQ(names(lookup.hosts("[192.0.2.1]")), "0:192.0.2.1");
  const HostsResult v6 = lookup.hosts("[IPv6:2001:db8::1]");
  EXPECT_EQ(names(v6), "0:2001:db8::1");
  EXPECT_EQ(v6->site, "2001:db8::1");
}

TEST(MailHosts, WhatIsNoDomainDoesNotExist) {
  Lookup lookup((Zone()));
  for (const std::string domain :
       {"", "a..example", "192.0.2.1", "[192.0.2.1", "[nonsense]", "a b.example", "-.example"}) {
    expect_failure(lookup.hosts(domain), MailHostsFailure::no_such_domain, "is not a domain");
  }
}

TEST(MailHosts, AreLimited) {
  Zone zone;
  for (unsigned i = 0; i < 100; ++i) {
    zone.with(mx_record("d.example", static_cast<std::uint16_t>(i / 2),
                        "mx" + std::to_string(i) + ".example"));
  }
  Lookup lookup(zone);
  const HostsResult result = lookup.hosts("d.example");
  ASSERT_EQ(result->hosts.size(), mx_hosts_max);
  EXPECT_EQ(result->hosts.back().preference, 15);
}

TEST(SiteKey, IsReadableOrShort) {
  EXPECT_EQ(site_key({"b.example", "a.example", "b.example"}), "a.example,b.example");
  std::vector<std::string> many;
  for (int i = 0; i < 32; ++i) {
    many.push_back("a-rather-long-host-name-" + std::to_string(i) + ".example");
  }
  const std::string key = site_key(many);
  EXPECT_LT(key.size(), 120U);
  EXPECT_TRUE(key.starts_with("a-rather-long-host-name-0.example+31:")) << key;
  std::ranges::reverse(many);
  EXPECT_EQ(site_key(many), key);
  many.back() = "another.example";
  EXPECT_NE(site_key(many), key);
}

TEST(HostAddressesOf, InterleaveTheFamilies) {
  Lookup lookup(Zone()
                    .with(a_record("h.example", "198.51.100.1"))
                    .with(a_record("h.example", "198.51.100.2"))
                    .with(a_record("h.example", "198.51.100.3"))
                    .with(aaaa_record("h.example", "2001:db8::1"))
                    .with(aaaa_record("h.example", "2001:db8::2")));
  std::set<std::string> firsts;
  for (int i = 0; i < 40; ++i) {
    const HostAddresses found = lookup.addresses("h.example");
    EXPECT_EQ(found.status, DnsStatus::found);
    ASSERT_EQ(found.addresses.size(), 5U);
    std::string families;
    for (const IpAddress& address : found.addresses) {
      families += address.family() == IpFamily::v6 ? '6' : '4';
    }
    EXPECT_EQ(families, "64644");
    firsts.insert(found.addresses.front().text());
  }
  EXPECT_EQ(firsts.size(), 2U);
}

TEST(HostAddressesOf, UseTheFamiliesThatAreWanted) {
  Lookup lookup(Zone()
                    .with(a_record("h.example", "198.51.100.1"))
                    .with(aaaa_record("h.example", "2001:db8::1")));
  EXPECT_EQ(lookup.addresses("h.example", {.v4 = true, .v6 = false}).addresses.size(), 1U);
  EXPECT_EQ(lookup.addresses("h.example", {.v4 = false, .v6 = true}).addresses.at(0).family(),
            IpFamily::v6);
  EXPECT_EQ(lookup.addresses("h.example", {.v4 = false, .v6 = false}).status, DnsStatus::no_data);
}

TEST(HostAddressesOf, FollowACnameAtTheHost) {
  Lookup lookup(Zone()
                    .with(cname_record("mx.example", "host.example"))
                    .with(a_record("host.example", "198.51.100.1")));
  EXPECT_EQ(lookup.addresses("mx.example").addresses.at(0).text(), "198.51.100.1");
}

TEST(HostAddressesOf, AnAddressTextIsItsOwnAnswer) {
  Lookup lookup((Zone()));
  EXPECT_EQ(lookup.addresses("2001:db8::1").addresses.at(0).text(), "2001:db8::1");
  EXPECT_EQ(lookup.addresses("2001:db8::1", {.v4 = true, .v6 = false}).status, DnsStatus::no_data);
}

TEST(HostAddressesOf, LeaveOutNobodysAddresses) {
  Lookup lookup(Zone()
                    .with(a_record("h.example", "0.0.0.0"))
                    .with(a_record("h.example", "224.0.0.1"))
                    .with(a_record("h.example", "255.255.255.255"))
                    .with(aaaa_record("h.example", "::"))
                    .with(aaaa_record("h.example", "ff02::1"))
                    .with(a_record("mixed.example", "0.0.0.0"))
                    .with(a_record("mixed.example", "198.51.100.1")));
  const HostAddresses none = lookup.addresses("h.example");
  EXPECT_EQ(none.status, DnsStatus::no_data);
  EXPECT_NE(none.reason.find("nobody's address"), std::string::npos) << none.reason;
  EXPECT_EQ(lookup.addresses("mixed.example").addresses.size(), 1U);
}

TEST(HostAddressesOf, TellHopeFromNone) {
  Lookup lookup(Zone().with(mx_record("text.example", 1, "a.example")).fails("broken.example"));
  EXPECT_EQ(lookup.addresses("gone.example").status, DnsStatus::no_such_name);
  EXPECT_EQ(lookup.addresses("text.example").status, DnsStatus::no_data);
  const HostAddresses broken = lookup.addresses("broken.example");
  EXPECT_EQ(broken.status, DnsStatus::temporary_failure);
  EXPECT_FALSE(broken.reason.empty());
}

}  // namespace
}  // namespace postrider::net
