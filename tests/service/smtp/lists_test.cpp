// Lists in DNS of addresses and domains: what RCPT hears, what the end of the message hears, and
// how the message is marked.
#include "../../policy/table_resolver.hpp"
#include "service_fixture.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace postrider::smtp {
namespace {

using policy::DnsListAction;
using policy::NameRole;

class ListsTest : public SmtpServiceTest {
 protected:
  ListsTest() { resolver = &dns; }

  void use(flow::ListSettings wanted) {
    lists = std::make_unique<flow::ListDesk>(flow::ListDesk::Doors{reactor, dns, events},
                                             std::move(wanted));
    intake = flow::make_intake({.reactor = reactor,
                                .queue = store->queue(0),
                                .events = events,
                                .directory = &directory,
                                .resolver = &dns,
                                .lists = lists.get()},
                               {.hostname = "mail.example.org"});
    to = start({.door = flow::Door::inbound});
  }
  void use_domains(DnsListAction action, std::vector<NameRole> roles) {
    use({.domains = {{{.zone = "dbl.example", .action = action}, std::move(roles)}}});
  }
  // The reply to RCPT, and that to the message (empty: RCPT was refused).
  struct Heard {
    std::string rcpt;
    std::string end;
  };
  Heard deliver(const std::string& sender = "a@b.example",
                const std::string& recipient = "user@local.example",
                const std::string& author = "a@b.example",
                const std::string& helo = "helo.example") {
    Heard out;
    const auto replies =
        converse(to, {"EHLO " + helo, "MAIL FROM:<" + sender + ">", "RCPT TO:<" + recipient + ">"});
    out.rcpt = replies.at(3);
    if (out.rcpt.starts_with("250")) {
      out.end =
          converse(to, {"EHLO " + helo, "MAIL FROM:<" + sender + ">", "RCPT TO:<" + recipient + ">",
                        "DATA", "From: " + author + "\r\n\r\nx\r\n."})
              .at(5);
    }
    return out;
  }
  std::string stored() {
    std::string out;
    simulation->run(run_read(&out));
    return out;
  }
  engine::Task<void> run_read(std::string* out) {
    if (!feed.entries.empty()) {
      const auto chunk = co_await store->queue(0).read_chunk(feed.entries.back().envelope->id, 0);
      *out = chunk ? std::string(chunk->view()) : "";
    }
  }
  std::size_t told_of_lists() const {
    return static_cast<std::size_t>(
        std::ranges::count(events.events, flow::EventKind::dns_list, &flow::Event::kind));
  }
  policy::TableResolver dns{reactor};
  SocketAddress to;
};

TEST_F(ListsTest, OfAddressesRefuseButForPostmaster) {
  dns.address("1.0.0.127.bl.example", "127.0.0.2");
  dns.txt("1.0.0.127.bl.example", "seen sending spam");
  use({.addresses = {{"bl.example", DnsListAction::reject}}});
  const auto refused = deliver().rcpt;
  EXPECT_TRUE(refused.starts_with("550 5.7.1")) << refused;
  EXPECT_TRUE(refused.contains("127.0.0.1 is listed by bl.example (127.0.0.2: seen sending spam)"))
      << refused;
  EXPECT_TRUE(deliver("a@b.example", "postmaster").end.starts_with("250"));
  EXPECT_TRUE(stored().contains("X-Postrider-Verdict: tag; 127.0.0.1 is listed by")) << stored();
}

TEST_F(ListsTest, JunkDeferAndTag) {
  struct Row {
    DnsListAction action;
    std::string rcpt;
    store::Disposition disposition;
  };
  dns.address("1.0.0.127.l.example", "127.0.0.2");
  for (const Row& row : {Row{DnsListAction::junk, "250", store::Disposition::junk},
                         Row{DnsListAction::tag, "250", store::Disposition::inbox},
                         Row{DnsListAction::defer, "450 4.7.1", {}}}) {
    if (service) {
      simulation->run(service->stop(reactor.now() + std::chrono::seconds(1)));
      service.reset();
    }
    use({.addresses = {{"l.example", row.action}}});
    const auto heard = deliver();
    EXPECT_TRUE(heard.rcpt.starts_with(row.rcpt)) << heard.rcpt;
    if (row.rcpt == "250") {
      EXPECT_EQ(feed.entries.back().envelope->disposition, row.disposition);
      EXPECT_TRUE(stored().contains("; 127.0.0.1 is listed by l.example")) << stored();
    }
  }
}

TEST_F(ListsTest, OfDomainsKnowTheEnvelopeAtRcpt) {
  dns.address("spam.example.dbl.example", "127.0.1.2");
  use_domains(DnsListAction::reject, {NameRole::helo, NameRole::sender});
  EXPECT_TRUE(deliver().end.starts_with("250"));
  const auto by_sender = deliver("joe@SPAM.example").rcpt;
  EXPECT_TRUE(by_sender.starts_with("550 5.7.1")) << by_sender;
  EXPECT_TRUE(by_sender.contains("sender domain spam.example is listed by dbl.example"))
      << by_sender;
  const auto by_helo = deliver("a@b.example", "user@local.example", "a@b.example", "spam.example");
  EXPECT_TRUE(by_helo.rcpt.contains("HELO name spam.example is listed")) << by_helo.rcpt;
  EXPECT_TRUE(deliver("joe@spam.example", "postmaster").end.starts_with("250"));
  // Another transaction of the same connection is another sender.
  const auto replies =
      converse(to, {"EHLO c.example", "MAIL FROM:<a@spam.example>", "RCPT TO:<user@local.example>",
                    "RSET", "MAIL FROM:<a@b.example>", "RCPT TO:<user@local.example>"});
  EXPECT_TRUE(replies[3].starts_with("550")) << replies[3];
  EXPECT_TRUE(replies[6].starts_with("250")) << replies[6];
}

TEST_F(ListsTest, OfDomainsKnowTheClientsNameIfItLeadsBack) {
  dns.address("host.spam.example.dbl.example", "127.0.1.2");
  dns.pointer("1.0.0.127.in-addr.arpa", "host.spam.example");
  use_domains(DnsListAction::reject, {NameRole::client});
  EXPECT_TRUE(deliver().rcpt.starts_with("250")) << "it does not lead back";
  dns.address("host.spam.example", "127.0.0.1");
  EXPECT_TRUE(deliver().rcpt.contains("client name host.spam.example is listed"));
}

TEST_F(ListsTest, OfDomainsKnowTheAuthorAtTheEnd) {
  dns.address("spam.example.dbl.example", "127.0.1.2");
  use_domains(DnsListAction::reject, {NameRole::from});
  const auto heard = deliver("a@b.example", "user@local.example", "joe@spam.example");
  EXPECT_TRUE(heard.rcpt.starts_with("250"));
  EXPECT_TRUE(heard.end.starts_with("550 5.7.1")) << heard.end;
  EXPECT_TRUE(heard.end.contains("From domain spam.example is listed")) << heard.end;
  EXPECT_TRUE(feed.entries.empty());
  EXPECT_TRUE(deliver("a@b.example", "postmaster@local.example", "joe@spam.example")
                  .end.starts_with("250"));
}

TEST_F(ListsTest, DeferAtTheEndToo) {
  dns.address("new.example.dbl.example", "127.0.1.2");
  use_domains(DnsListAction::defer, {NameRole::from});
  const auto heard = deliver("a@b.example", "user@local.example", "joe@new.example");
  EXPECT_TRUE(heard.end.starts_with("450 4.7.1")) << heard.end;
}

TEST_F(ListsTest, WeighTogetherOverBothStages) {
  dns.address("1.0.0.127.bl.example", "127.0.0.2");
  dns.address("spam.example.dbl.example", "127.0.1.2");
  use({.addresses = {{"bl.example", DnsListAction::score, 3}},
       .domains = {{{.zone = "dbl.example", .action = DnsListAction::score, .weight = 2},
                    {NameRole::from}}},
       .thresholds = {.reject = 5, .junk = 3}});
  EXPECT_TRUE(deliver().end.starts_with("250"));
  EXPECT_EQ(feed.entries.back().envelope->disposition, store::Disposition::junk);
  const auto heard = deliver("a@b.example", "user@local.example", "joe@spam.example");
  EXPECT_TRUE(heard.end.starts_with("550 5.7.1")) << heard.end;
  EXPECT_TRUE(heard.end.contains("lists weigh 5")) << heard.end;
}

TEST_F(ListsTest, OneThatAllowsSilencesTheOthers) {
  dns.address("1.0.0.127.bl.example", "127.0.0.2");
  dns.address("1.0.0.127.wl.example", "127.0.5.1");
  use({.addresses = {{"bl.example", DnsListAction::reject}, {"wl.example", DnsListAction::allow}}});
  EXPECT_TRUE(deliver().end.starts_with("250"));
  EXPECT_EQ(feed.entries.back().envelope->disposition, store::Disposition::inbox);
}

TEST_F(ListsTest, AreHeldAgainstNobodyWhenTheyComplain) {
  dns.address("1.0.0.127.bl.example", "127.255.255.254");
  use({.addresses = {{"bl.example", DnsListAction::reject}}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(deliver().end.starts_with("250"));
  }
  EXPECT_EQ(told_of_lists(), 1U);
  const auto told = std::ranges::find(events.events, flow::EventKind::dns_list, &flow::Event::kind);
  EXPECT_TRUE(told->text.starts_with("bl.example answers 127.255.255.254")) << told->text;
  ASSERT_EQ(lists->counters().size(), 1U);
  EXPECT_TRUE(lists->counters()[0].is_faulty);
  EXPECT_EQ(lists->counters()[0].faulty, 6U);
  dns.records.clear();
  EXPECT_TRUE(deliver().end.starts_with("250"));
  EXPECT_EQ(told_of_lists(), 1U) << "one good answer is none yet";
  simulation->run_for(std::chrono::hours(1));
  EXPECT_TRUE(deliver().end.starts_with("250"));
  EXPECT_EQ(told_of_lists(), 2U);
  EXPECT_FALSE(lists->counters()[0].is_faulty);
}

TEST_F(ListsTest, DeadOnesHoldNobodyUpForLong) {
  dns.dead = true;
  use({.addresses = {{"bl.example", DnsListAction::reject}},
       .domains = {{{.zone = "dbl.example"}}}});
  const MonoTime begun = reactor.now();
  EXPECT_TRUE(deliver().end.starts_with("250"));
  EXPECT_LE(reactor.now() - begun, std::chrono::seconds(60));
}

}  // namespace
}  // namespace postrider::smtp
