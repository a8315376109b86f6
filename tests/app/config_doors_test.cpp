// What comes in: listeners, and what is asked of those who come by them.
#include "config_fixture.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace postrider::app {
namespace {

TEST(Config, TakesWhatComesIn) {
  const auto config = parse_config(R"(hostname = "mail.example.org"
data_dir = "/tmp/data"
[[listener]]
service = "inbound"
address = "0.0.0.0:25"
tls = "none"
proxy_from = ["192.0.2.1"]
xclient_from = ["192.0.2.2/31"]
[[listener]]
service = "lmtp"
socket = "lmtp.sock"
tls = "none"
[inbound]
spf = "enforce"
dmarc = "tag"
arc_trusted = ["Lists.example"]
unknown_recipients = "10/h"
[[inbound.dnsbl]]
zone = "bl.example"
[[inbound.dnsbl]]
zone = "mild.example"
action = "junk"
[[filter]]
kind = "clamav"
address = "127.0.0.1:3310"
when_down = "accept"
[[filter]]
kind = "milter"
name = "opendkim"
socket = "opendkim.sock"
doors = ["submission"]
on_reject = "quarantine"
)",
                                   "/etc/postrider/postrider.toml");
  ASSERT_TRUE(config.has_value()) << config.error().front().text();
  EXPECT_EQ(config->listeners.at(0).door, Door::inbound);
  EXPECT_EQ(config->listeners.at(0).proxy_from.at(0).text(), "192.0.2.1");
  EXPECT_EQ(config->listeners.at(1).socket, "/etc/postrider/lmtp.sock");
  EXPECT_EQ(config->inbound.spf, Judging::enforce);
  EXPECT_EQ(config->inbound.dmarc, Judging::tag);
  EXPECT_EQ(config->inbound.arc_trusted.at(0), "lists.example");
  EXPECT_EQ(config->inbound.unknown_recipients.count, 10U);
  ASSERT_EQ(config->inbound.dnsbl.size(), 2U);
  EXPECT_EQ(config->inbound.dnsbl[0].action, DnsListAction::reject);
  EXPECT_EQ(config->inbound.dnsbl[1].action, DnsListAction::junk);
  ASSERT_EQ(config->filters.size(), 2U);
  EXPECT_EQ(config->filters[0].shown_name(), "clamav");
  EXPECT_EQ(config->filters[0].when_down, flow::WhenDown::accept);
  EXPECT_EQ(config->filters[0].doors, (std::vector{Door::inbound, Door::submission}));
  EXPECT_EQ(config->filters[1].shown_name(), "opendkim");
  EXPECT_EQ(config->filters[1].socket, "/etc/postrider/opendkim.sock");
  EXPECT_EQ(config->filters[1].doors, std::vector{Door::submission});
  EXPECT_EQ(config->filters[1].on_reject, flow::FilterAction::quarantine);
}

TEST(Config, TakesWhatComesBack) {
  Folder folder;
  const auto config = parse_config(R"(hostname = "mail.example.org"
data_dir = "/tmp"
[bounces]
[[bounces.of]]
domain = "Example.org"
address = "Bounces@example.org"
[[bounces.of]]
domain = "example.com"
to = "nobody"
[[bounces.of]]
domain = "example.net"
address = "b@example.net"
to = "desk@example.org"
[dmarc_report]
receive = "dmarc@example.org"
keep = "30d"
[accounts]
full_max = "24h"
)",
                                   folder.path() / "postrider.toml");
  ASSERT_TRUE(config) << problems(config);
  using To = flow::ReturnRule::To;
  const std::vector<flow::ReturnRule> taken(config->bounces.of.begin(), config->bounces.of.end());
  EXPECT_EQ(taken, (std::vector<flow::ReturnRule>{
                       {"example.org", "bounces@example.org", To::sender, ""},
                       {"example.com", "", To::nobody, ""},
                       {"example.net", "b@example.net", To::address, "desk@example.org"}}));
  EXPECT_EQ(config->dmarc_report.receive, "dmarc@example.org");
  EXPECT_EQ(config->dmarc_report.keep, std::chrono::days(30));
  EXPECT_EQ(config->accounts.full_max, std::chrono::hours(24));
}

TEST(Config, TakesReadersOfMailboxes) {
  Folder folder;
  for (const auto* name : {"cert.pem", "key.pem"}) {
    folder.write(name, "x");
  }
  const auto config = parse_config(std::string(minimal) + R"([[listener]]
service = "pop3"
address = ":995"
tls = "implicit"
proxy_from = ["192.0.2.1"]
[[listener]]
service = "pop3"
address = "127.0.0.1:1110"
tls = "none"
plain_auth = true
[tls]
certificate = "cert.pem"
key = "key.pem"
[pop3]
keeps_deleted = true
sessions = 70
sessions_per_address = 7
idle_timeout = "20m"
)",
                                   folder.path() / "postrider.toml");
  ASSERT_TRUE(config) << problems(config);
  EXPECT_EQ(config->listeners.at(0).protocol, Protocol::pop3);
  EXPECT_FALSE(config->listeners.at(0).is_door(Door::submission));
  EXPECT_TRUE(config->warnings.empty());
  const Pop3Config expected{.keeps_deleted = true,
                            .sessions = 70,
                            .sessions_per_address = 7,
                            .idle_timeout = std::chrono::minutes(20)};
  EXPECT_TRUE(is_same(config->pop3, expected));
  EXPECT_FALSE(is_same(config->pop3, Pop3Config{}));
}

TEST(Config, TakesWhatImapHides) {
  Folder folder;
  const auto config = parse_config(std::string(minimal) + R"([[listener]]
service = "imap"
address = "127.0.0.1:1143"
tls = "none"
plain_auth = true
[imap]
sessions = 9
sessions_per_address = 8
sessions_per_user = 7
idle_timeout = "1h"
[[imap.hidden]]
client = "Outlook"
capabilities = ["condstore", "QRESYNC"]
[[imap.hidden]]
account = "Ann@example.org"
capabilities = "COMPRESS=DEFLATE"
)",
                                   folder.path() / "postrider.toml");
  ASSERT_TRUE(config) << problems(config);
  EXPECT_EQ(config->listeners.at(0).protocol, Protocol::imap);
  const ImapConfig expected{
      .sessions = 9,
      .sessions_per_address = 8,
      .sessions_per_user = 7,
      .idle_timeout = std::chrono::hours(1),
      .hidden = {{.account = "",
                  .client = "Outlook",
                  .capabilities = {imap::Capability::condstore, imap::Capability::qresync}},
                 {.account = "ann@example.org",
                  .client = "",
                  .capabilities = {imap::Capability::compress}}}};
  EXPECT_TRUE(is_same(config->imap, expected));
  ImapConfig other = expected;
  other.hidden[1].capabilities.clear();
  EXPECT_FALSE(is_same(config->imap, other));
}

TEST(Config, WarnsOfTlsThatNoClientExpects) {
  Folder folder;
  for (const auto* name : {"cert.pem", "key.pem"}) {
    folder.write(name, "x");
  }
  const auto warnings = [&folder](std::string_view rest) {
    const auto config = parse_config(std::string(minimal) +
                                         "[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n" +
                                         std::string(rest),
                                     folder.path() / "postrider.toml");
    std::string all = problems(config);
    for (const auto& warning : config ? config->warnings : std::vector<ConfigProblem>{}) {
      all += warning.text() + "\n";
    }
    return all;
  };
  EXPECT_TRUE(warnings("[[listener]]\nservice = \"pop3\"\naddress = \":995\"\n")
                  .contains("clients begin with TLS at port 995: set tls = \"implicit\""));
  EXPECT_TRUE(warnings("[[listener]]\nservice = \"pop3\"\naddress = \":110\"\ntls = \"implicit\"\n")
                  .contains("clients don't begin with TLS at port 110: set tls = \"starttls\""));
  EXPECT_TRUE(warnings("[[listener]]\nservice = \"imap\"\naddress = \":993\"\n")
                  .contains("clients begin with TLS at port 993"));
  EXPECT_TRUE(warnings("[imap]\nsessions = 5\n").contains("and there is none"));
  EXPECT_TRUE(warnings("[pop3]\nkeeps_deleted = true\n").contains("and there is none"));
}

TEST(Config, RefusesDoorsThatDoNotFit) {
  struct Row {
    const char* listener;
    const char* problem;
  };
  for (const Row& row :
       {Row{"service = \"inbound\"\ntls = \"none\"", "listener.address is missing"},
        Row{"service = \"inbound\"\ntls = \"none\"\nsocket = \"x\"",
            "socket is for service = \"lmtp\""},
        Row{"service = \"lmtp\"\nsocket = \"x\"\naddress = \"127.0.0.1:24\"\ntls = \"none\"",
            "an address or a socket"},
        Row{"service = \"lmtp\"\nsocket = \"x\"", "no TLS on a Unix socket"},
        Row{"service = \"inbound\"\naddress = \"127.0.0.1:25\"\ntls = \"none\"\nallow = "
            "[\"127.0.0.1\"]",
            "allow is for service"},
        Row{"service = \"pop3\"\naddress = \"127.0.0.1:110\"\ntls = \"none\"",
            "pop3 without TLS: nobody could log in"},
        Row{"service = \"pop3\"\naddress = \"0.0.0.0:110\"\ntls = \"none\"\nplain_auth = true",
            "passwords in clear"},
        Row{"service = \"pop3\"\naddress = \"0.0.0.0:995\"\ntls = \"implicit\"",
            "without a certificate"},
        Row{"service = \"pop3\"\naddress = \":110\"\nallow = [\"127.0.0.1\"]",
            "allow is for service"},
        Row{"service = \"pop3\"\naddress = \":110\"\nxclient_from = [\"127.0.0.1\"]",
            "there is no XCLIENT in pop3"},
        Row{"service = \"pop3\"\nsocket = \"x\"", "socket is for service = \"lmtp\""},
        Row{"service = \"inbound\"\naddress = \"127.0.0.1:25\"\ntls = \"none\"\nproxy_from = "
            "[\"0.0.0.0/0\"]",
            "lets anybody say that they are somebody else"}}) {
    const auto config =
        parse_config("hostname = \"m.example\"\ndata_dir = \"/tmp/data\"\n[[listener]]\n" +
                         std::string(row.listener) + "\n",
                     "bad.toml");
    ASSERT_FALSE(config.has_value()) << row.problem;
    const bool is_said = std::ranges::any_of(config.error(), [&](const ConfigProblem& problem) {
      return problem.text().contains(row.problem);
    });
    EXPECT_TRUE(is_said) << row.problem << ": " << config.error().front().text();
  }
}

TEST(Config, RefusesOneAddressTwice) {
  Folder folder;
  const auto config = parse_config(
      std::string(minimal) +
          "[[listener]]\nservice = \"relay\"\ntls = \"none\"\naddress = \"127.0.0.1:2525\"\n"
          "allow = [\"127.0.0.1\"]\n"
          "[[listener]]\nservice = \"relay\"\ntls = \"none\"\naddress = \"127.0.0.1:2525\"\n"
          "allow = [\"127.0.0.1\"]\n",
      folder.path() / "postrider.toml");
  EXPECT_NE(problems(config).find("listened on twice"), std::string::npos);
}

TEST(Config, ASocketIsListenedOnOnce) {
  const Folder folder;
  const std::string once =
      "[[listener]]\nservice = \"lmtp\"\nsocket = \"a.sock\"\ntls = \"none\"\n";
  const auto file = folder.path() / "postrider.toml";
  EXPECT_TRUE(parse_config(std::string(minimal) + once, file));
  EXPECT_NE(problems(parse_config(std::string(minimal) + once + once, file))
                .find("a.sock is listened on twice"),
            std::string::npos);
}

}  // namespace
}  // namespace postrider::app
