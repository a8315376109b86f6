#include "config_fixture.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace postrider::app {
namespace {

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
