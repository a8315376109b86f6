#include "app/config.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace postrider::app {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "postrider-config-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  [[nodiscard]] const fs::path& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
  }

 private:
  fs::path path_;
};

constexpr std::string_view minimal = "hostname = \"mail.example.org\"\ndata_dir = \"data\"\n";

std::string problems(const Result<Config, std::vector<ConfigProblem>>& result) {
  std::string all;
  if (!result) {
    for (const auto& problem : result.error()) {
      all += problem.text() + "\n";
    }
  }
  return all;
}

TEST(Config, KeepsAllMailUnlessItIsTold) {
  const auto config = parse_config(minimal, "p.toml");
  ASSERT_TRUE(config) << problems(config);
  EXPECT_EQ(config->mailbox.trash_keeps, Duration{});
  EXPECT_EQ(config->mailbox.junk_keeps, Duration{});
  EXPECT_EQ(config->mailbox.undelete, std::chrono::hours(24 * 14));
  const auto told = parse_config(
      std::string(minimal) + "[mailbox]\ntrash_keeps = \"30d\"\njunk_keeps = \"1h\"\n", "p.toml");
  ASSERT_TRUE(told) << problems(told);
  EXPECT_EQ(told->mailbox.trash_keeps, std::chrono::hours(24 * 30));
  EXPECT_EQ(told->mailbox.junk_keeps, std::chrono::hours(1));
  const auto wrong =
      parse_config(std::string(minimal) + "[mailbox]\ncheck_every = \"1ms\"\n", "p.toml");
  EXPECT_NE(problems(wrong).find("p.toml:3: mailbox.check_every"), std::string::npos)
      << problems(wrong);
}

TEST(Config, NamesTheMailboxesThatAccountsBeginWith) {
  const auto first = [](std::string_view text) {
    const auto config = parse_config(std::string(minimal) + std::string(text), "p.toml");
    EXPECT_TRUE(config) << problems(config);
    return config ? first_mailboxes(config->mailbox) : std::vector<store::FirstMailbox>();
  };
  using enum store::SpecialUse;
  EXPECT_EQ(first(""), (std::vector<store::FirstMailbox>{{"Drafts", drafts},
                                                         {"Sent", sent},
                                                         {"Archive", archive},
                                                         {"Junk", junk},
                                                         {"Trash", trash}}));
  EXPECT_EQ(first("[mailbox]\ndrafts = \"Entw\u00fcrfe\"\nsent = \"INBOX/Sent\"\narchive = \"\"\n"
                  "junk = \"\"\ntrash = \"\"\n"),
            (std::vector<store::FirstMailbox>{{"Entw\u00fcrfe", drafts}, {"INBOX/Sent", sent}}));
  EXPECT_TRUE(first("[mailbox]\ndrafts = \"\"\nsent = \"\"\narchive = \"\"\njunk = \"\"\n"
                    "trash = \"\"\n")
                  .empty());
  for (const std::string_view wrong :
       {"\"Inbox\"", "\"/Sent\"", "\"Sent/\"", "\"a//b\"", "\"a\\tb\"", "true", "\"Drafts\""}) {
    const auto config = parse_config(
        std::string(minimal) + "[mailbox]\nsent = " + std::string(wrong) + "\n", "p.toml");
    EXPECT_FALSE(config) << wrong;
    EXPECT_NE(problems(config).find("mailbox"), std::string::npos) << problems(config);
  }
}

TEST(Config, TakesTheSampleOfTheManual) {
  Folder folder;
  for (const auto* name : {"cert.pem", "key.pem", "s1.pem"}) {
    folder.write(name, "x");
  }
  folder.write("root.key", ". IN DS 1 13 2 " + std::string(64, 'a') + "\n");
  const auto config = parse_config(R"(
hostname = "Mail.Example.org"
data_dir = "data"

[[listener]]
service = "submission"
address = "0.0.0.0:587"
tls = "starttls"

[[listener]]
service = "relay"
address = "127.0.0.1:2525"
tls = "none"
allow = ["127.0.0.1/32"]

[tls]
certificate = "cert.pem"
key = "key.pem"

[dns]
servers = ["127.0.0.1:53", "192.0.2.53"]
dnssec = "validate"
trust_anchors = "root.key"

[delivery]
port = 2525
tls = "opportunistic"
retry = ["5m", "10m", "1h"]
max_age = "5d"

[[route]]
domain = "example.net"
via = ["127.0.0.1:2526"]
protocol = "lmtp"
tls = "off"

[[dkim]]
domain = "example.org"
selector = "s1"
key = "s1.pem"

[log]
events = "-"
level = "debug"

[limits]
message_size = "25MB"
submissions = "1000/h"
)",
                                   folder.path() / "postrider.toml");
  ASSERT_TRUE(config) << problems(config);
  EXPECT_EQ(config->hostname, "mail.example.org");
  EXPECT_EQ(config->data_dir, folder.path() / "data");
  ASSERT_EQ(config->listeners.size(), 2U);
  EXPECT_EQ(config->listeners[0].address.port, 587);
  EXPECT_EQ(config->listeners[1].door, Door::relay);
  EXPECT_EQ(config->listeners[1].allow.at(0).text(), "127.0.0.1");
  EXPECT_EQ(config->dns.servers.at(1).port, 53);
  EXPECT_EQ(config->delivery.retry.size(), 3U);
  EXPECT_EQ(config->delivery.retry[2], std::chrono::hours(1));
  EXPECT_EQ(config->routes.at(0).protocol, RouteProtocol::lmtp);
  EXPECT_EQ(config->routes.at(0).tls, TlsLevel::off);
  EXPECT_EQ(config->dkim.at(0).key, folder.path() / "s1.pem");
  EXPECT_EQ(config->limits.message_size, 25'000'000U);
  EXPECT_EQ(config->limits.submissions, (Rate{1000, std::chrono::hours(1)}));
  EXPECT_TRUE(config->warnings.empty());
}

TEST(Config, SaysWhatIsWrongWithTheTrustInDns) {
  Folder folder;
  folder.write("nonsense", "example. IN A 127.0.0.1\n");
  const auto check = [&folder](std::string_view dns) {
    const std::string text = std::string(minimal) + "[dns]\n" + std::string(dns);
    return problems(parse_config(text, folder.path() / "postrider.toml"));
  };
  EXPECT_TRUE(check("dnssec = \"trust-ad\"\nservers = [\"192.0.2.53\"]")
                  .contains("neither on loopback nor in dns.trusted"));
  EXPECT_FALSE(check("dnssec = \"trust-ad\"\nservers = [\"[::1]:53\"]").contains("dns.trusted"));
  EXPECT_FALSE(
      check("dnssec = \"trust-ad\"\nservers = [\"192.0.2.53\"]\ntrusted = [\"192.0.2.53\"]")
          .contains("neither"));
  EXPECT_TRUE(check("dnssec = \"validate\"\ntrust_anchors = \"nonsense\"")
                  .contains("nonsense: line 1: not a DS or DNSKEY record"));
}

TEST(Config, NamesEveryProblemAtOnceWithItsLine) {
  Folder folder;
  const auto config = parse_config(R"(hostnam = "mail.example.org"
data_dir = 7
[delivery]
retri = ["5m"]
max_age = "5 days"
tls = "optional"
[[listener]]
adress = "0.0.0.0:587"
[wat]
)",
                                   folder.path() / "bad.toml");
  const auto all = problems(config);
  for (const auto* part :
       {"bad.toml:1: unknown key 'hostnam': did you mean 'hostname'?", "hostname is missing",
        "bad.toml:2: data_dir: expected a path",
        "bad.toml:4: unknown key 'delivery.retri': did you mean 'retry'?",
        "bad.toml:5: delivery.max_age: '5 days' is not a duration",
        "bad.toml:6: delivery.tls: 'optional' is not known here",
        "bad.toml:8: unknown key 'listener.adress': did you mean 'address'?",
        "bad.toml:7: listener.address is missing", "bad.toml:9: unknown key 'wat'"}) {
    EXPECT_NE(all.find(part), all.npos) << part << "\nin\n" << all;
  }
}

struct BadRow {
  const char* text;
  const char* expected;
};

class ConfigRefuses : public testing::TestWithParam<BadRow> {};

TEST_P(ConfigRefuses, WithAReason) {
  Folder folder;
  const auto config =
      parse_config(std::string(minimal) + GetParam().text, folder.path() / "postrider.toml");
  const auto all = problems(config);
  EXPECT_NE(all.find(GetParam().expected), all.npos) << all;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ConfigRefuses,
    testing::Values(
        BadRow{"[[listener]]\naddress = \"1.2.3.4\"\n", "is not an address with a port"},
        BadRow{"[[listener]]\naddress = \"1.2.3.4:99999\"\n", "is not an address with a port"},
        BadRow{"[[listener]]\naddress = \"0.0.0.0:587\"\n", "does TLS without a certificate"},
        BadRow{"[[listener]]\naddress = \"0.0.0.0:587\"\ntls = \"none\"\nplain_auth = true\n",
               "plain_auth would send passwords in clear"},
        BadRow{"[[listener]]\naddress = \"127.0.0.1:587\"\ntls = \"none\"\n",
               "nobody could log in"},
        BadRow{"[[listener]]\nservice = \"relay\"\ntls = \"none\"\naddress = \"127.0.0.1:25\"\n"
               "allow = [\"0.0.0.0/0\"]\n",
               "makes an open relay"},
        BadRow{"[tls]\ncertificate = \"no.pem\"\n", "go together"},
        BadRow{"[tls]\ncertificate = \"no.pem\"\nkey = \"no.pem\"\n", "can't be read"},
        BadRow{"[delivery]\nretry = []\n", "delivery.retry is empty"},
        BadRow{"[delivery]\nipv4 = false\nipv6 = false\n", "both false"},
        BadRow{"[delivery]\nport = 0\n", "whole number from 1 to 65535"},
        BadRow{"[[route]]\ndomain = \"a.example\"\nvia = [\"nohost\"]\n",
               "is not a host with a port"},
        BadRow{"[[route]]\ndomain = \"a.example\"\nvia = [\"h:25\"]\nusername = \"u\"\n",
               "go together"},
        BadRow{"[[policy]]\ndomain = \"a.example\"\ntls = \"fingerprint\"\n", "goes with tls"},
        BadRow{"[route]\ndomain = \"a\"\n", "route is not a list of tables"},
        BadRow{"tls = 5\n", "tls is not a table"},
        BadRow{"[limits]\nmessage_size = \"1GiB\"\n", "larger than limits.memory"},
        BadRow{"[imap]\nidle_timeout = \"29m\"\n", "imap.idle_timeout is under 30m"},
        BadRow{"[[imap.hidden]]\ncapabilities = [\"IDLE\"]\n", "for an account or for a client"},
        BadRow{"[[imap.hidden]]\nclient = \"x\"\ncapabilities = [\"NONSENSE\"]\n",
               "is not an IMAP capability"},
        BadRow{"[[imap.hidden]]\nclient = \"x\"\n", "imap.hidden.capabilities is missing"},
        BadRow{"[[bounces.of]]\naddress = \"b@example.org\"\n", "bounces.of.domain is missing"},
        BadRow{"[[bounces.of]]\ndomain = \"a.example\"\n[[bounces.of]]\ndomain = \"A.example\"\n",
               "stands there twice"},
        BadRow{"[[bounces.of]]\ndomain = \"a.example\"\naddress = \"b+x@a.example\"\n",
               "no room for what is added"},
        BadRow{"[[bounces.of]]\ndomain = \"a.example\"\naddress = "
               "\"abcdefghijabcdefghijabcdefghijabc@a.example\"\n",
               "no room for what is added"},
        BadRow{"[[bounces.of]]\ndomain = \"a.example\"\naddress = \"b@a.example\"\nto = "
               "\"b@a.example\"\n",
               "would come back again"},
        BadRow{"[[bounces.of]]\ndomain = \"a.example\"\nto = \"somebody\"\n",
               "\"nobody\" or an address"},
        BadRow{"[bounces]\nrules = \"none.rules\"\n", "bounces.rules"},
        BadRow{"[dmarc_report]\nkeep = \"1h\"\n", "dmarc_report.keep is under 1d"},
        BadRow{"[tls_report]\nkeep = \"1h\"\n", "tls_report.keep is under 1d"},
        BadRow{"[tls_report]\nreceive = \"reports\"\n", "is not an address"},
        BadRow{"[oauth]\nintrospection = \"http://a.example/\"\nsecret_file = \"x\"\n",
               "is not an https URL"},
        BadRow{"[oauth]\nsecret_file = \"x\"\n", "oauth.introspection is missing"},
        BadRow{"[oauth]\nintrospection = \"https://a.example/\"\n", "oauth.secret_file is missing"},
        BadRow{"[oauth]\nintrospection = \"https://a.example/\"\nsecret_file = \"none\"\n",
               "oauth.secret_file"},
        BadRow{"[oauth]\nscope = \"a b\"\n", "is not a scope"},
        BadRow{"[oauth]\ntimeout = \"1ms\"\nintrospection = \"https://a.example/\"\n"
               "secret_file = \"none\"\n",
               "oauth.timeout is under 1s"},
        BadRow{"[[filter]]\nkind = \"clamav\"\naddress = \"127.0.0.1:1\"\n"
               "learn = \"127.0.0.1:2\"\n",
               "learn is for rspamd"},
        BadRow{"[[filter]]\nkind = \"rspamd\"\naddress = \"127.0.0.1:1\"\n"
               "learn_password_file = \"none\"\n",
               "learn_password_file goes with learn"},
        BadRow{"[[filter]]\nkind = \"rspamd\"\naddress = \"127.0.0.1:1\"\n"
               "learn = \"https://127.0.0.1:2\"\n",
               "is not an address with a port"},
        BadRow{"[pop3]\nidle_timeout = \"5m\"\n", "pop3.idle_timeout is under 10m"},
        BadRow{"[accounts]\npasswords = []\n", "nobody could log in"},
        BadRow{"[accounts]\npasswords = \"md5\"\n", "is not a form of password"},
        BadRow{"[limits\n", "mend the TOML"}));

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

TEST(Config, TakesTokensAndTeachers) {
  Folder folder;
  for (const auto* name : {"oauth.secret", "rspamd.secret", "cert.pem", "key.pem"}) {
    folder.write(name, "x");
  }
  const std::string text = std::string(minimal) + R"([[listener]]
service = "imap"
address = ":993"
tls = "implicit"
[tls]
certificate = "cert.pem"
key = "key.pem"
[[filter]]
kind = "rspamd"
address = "127.0.0.1:11333"
learn = "http://127.0.0.1:11334/"
learn_password_file = "rspamd.secret"
[oauth]
introspection = "https://login.example.org:8443/introspect"
client_id = "mail"
secret_file = "oauth.secret"
account = "email"
domain = "Example.org"
scope = ["mail", "https://mail.example.org/"]
audience = "mail"
configuration = "https://login.example.org/.well-known/openid-configuration"
cache = "0s"
)";
  const auto config = parse_config(text, folder.path() / "postrider.toml");
  ASSERT_TRUE(config) << problems(config);
  const OauthConfig& oauth = config->oauth;
  EXPECT_EQ(oauth.introspection.host, "login.example.org");
  EXPECT_EQ(oauth.introspection.port, 8443);
  EXPECT_EQ(oauth.secret_file, folder.path() / "oauth.secret");
  EXPECT_EQ(oauth.account, "email");
  EXPECT_EQ(oauth.domain, "example.org");
  EXPECT_EQ(oauth.scope, (std::vector<std::string>{"mail", "https://mail.example.org/"}));
  EXPECT_EQ(oauth.cache, Duration::zero());
  EXPECT_NE(oauth.line, 0U);
  EXPECT_EQ(config->filters.front().learn, SocketAddress::parse("127.0.0.1:11334"));
  EXPECT_EQ(config->filters.front().learn_password_file, folder.path() / "rspamd.secret");
  OauthConfig other = oauth;
  other.client_id = "another";
  EXPECT_TRUE(is_same(other, oauth));
  other.scope.pop_back();
  EXPECT_FALSE(is_same(other, oauth));
  EXPECT_FALSE(is_same(OauthConfig{}, oauth));
}

TEST(Config, ChecksTheRulesOfBounces) {
  Folder folder;
  const std::string text =
      "hostname = \"mail.example.org\"\ndata_dir = \"/tmp\"\n[bounces]\nrules = \"b.rules\"\n";
  std::ofstream(folder.path() / "b.rules") << "mine 5.1.1 *\n";
  const auto sound = parse_config(text, folder.path() / "postrider.toml");
  ASSERT_TRUE(sound) << problems(sound);
  EXPECT_EQ(sound->bounces.rules, folder.path() / "b.rules");
  std::ofstream(folder.path() / "b.rules") << "mine\n";
  const auto broken = parse_config(text, folder.path() / "postrider.toml");
  ASSERT_FALSE(broken);
  EXPECT_NE(problems(broken).find("line 1"), std::string::npos) << problems(broken);
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

TEST(Config, ReportsAFileThatIsNotThere) {
  const auto config = load_config("/nonexistent/postrider.toml");
  EXPECT_NE(problems(config).find("can't be read"), std::string::npos);
}

TEST(Config, ManualIsMadeFromTheTables) {
  const char* docs = std::getenv("POSTRIDER_DOCS");
  ASSERT_NE(docs, nullptr);
  std::ifstream in(fs::path(docs) / "configuration.md");
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), describe_configuration())
      << "write it anew: postrider check --manual > docs/configuration.md";
}

}  // namespace
}  // namespace postrider::app
