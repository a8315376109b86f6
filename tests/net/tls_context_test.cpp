#include "tls_test_support.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <string>

#include <postrider/base/pem.hpp>

namespace postrider::net {
namespace {

TlsIdentity self_signed(const std::string& name) {
  return *make_self_signed_identity({name});
}

std::string leaf_der(const TlsIdentity& identity) {
  return parse_pem(identity.certificate_pem).at(0).der;
}

TEST(TlsContext, ChoosesTheCertificateByServerName) {
  TestPki pki;
  pki.make("rsa", {.issuer = {},
                   .subject = {},
                   .extensions = "subjectAltName=DNS:default.example",
                   .algorithm = "RSA -pkeyopt rsa_keygen_bits:2048"});
  const auto fallback = pki.identity({"rsa"});
  const auto exact = self_signed("Mail.Example.org");
  const auto wildcard = self_signed("*.example.org");
  const auto second = self_signed("mail.example.org");
  for (const auto versions : {TlsVersions::only_1_2, TlsVersions::only_1_3}) {
    const auto server = server_context({.identity = fallback,
                                        .by_name = {exact, wildcard, second},
                                        .alpn = {},
                                        .ticket_keys = nullptr,
                                        .versions = versions});
    struct Row {
      std::string asked;
      const TlsIdentity& shown;
    };
    for (const auto& row :
         {Row{"mail.example.org", exact}, Row{"MAIL.example.ORG", exact},
          Row{"other.example.org", wildcard}, Row{"a.b.example.org", fallback},
          Row{"example.org", fallback}, Row{"unknown.example", fallback},
          Row{"default.example", fallback}, Row{"192.0.2.1", fallback}, Row{"", fallback}}) {
      TlsPair pair(client_context({}), server, row.asked);
      ASSERT_TRUE(pair.shake()) << row.asked << ": " << pair.why();
      EXPECT_EQ(pair.client.peer_chain().at(0), leaf_der(row.shown)) << row.asked;
      EXPECT_EQ(pair.client_to_server("x"), "x");
      EXPECT_EQ(pair.client.channel_binding_end_point(), pair.server.channel_binding_end_point());
    }
  }
}

TEST(TlsContext, ServesEveryKindOfKey) {
  TestPki pki;
  for (const std::string algorithm :
       {"EC -pkeyopt ec_paramgen_curve:P-256", "EC -pkeyopt ec_paramgen_curve:P-384",
        "RSA -pkeyopt rsa_keygen_bits:2048", "ed25519"}) {
    pki.make("x", {.issuer = {}, .subject = {}, .extensions = {}, .algorithm = algorithm});
    for (const auto versions : {TlsVersions::only_1_2, TlsVersions::only_1_3}) {
      TlsPair pair(client_context({}), server_context({.identity = pki.identity({"x"}),
                                                       .by_name = {},
                                                       .alpn = {},
                                                       .ticket_keys = nullptr,
                                                       .versions = versions}));
      EXPECT_TRUE(pair.shake()) << algorithm << ": " << pair.why();
    }
  }
}

// The library can't change over to such a key in the middle of a handshake.
TEST(TlsContext, RefusesEd25519ByName) {
  TestPki pki;
  pki.make("x", {.issuer = {}, .subject = {}, .extensions = {}, .algorithm = "ed25519"});
  const auto context = TlsContext::make_server({.identity = self_signed("a.example"),
                                                .by_name = {pki.identity({"x"})},
                                                .alpn = {},
                                                .ticket_keys = nullptr});
  ASSERT_FALSE(context.has_value());
  EXPECT_EQ(context.error().kind, TlsErrorKind::bad_certificate);
  EXPECT_TRUE(context.error().text.contains("Ed25519")) << context.error().text;
}

TEST(TlsContext, SendsTheWholeChain) {
  TestPki pki;
  pki.make_ca("root");
  pki.make_ca("middle", "root");
  pki.make_leaf("leaf", "middle", "mail.example.org");
  const auto identity = pki.identity({"leaf", "middle"});
  TlsPair pair(
      client_context({}),
      server_context({.identity = identity, .by_name = {}, .alpn = {}, .ticket_keys = nullptr}));
  ASSERT_TRUE(pair.shake());
  ASSERT_EQ(pair.client.peer_chain().size(), 2U);
  EXPECT_EQ(pair.client.peer_chain()[1], parse_pem(pki.certificate("middle")).at(0).der);
}

TEST(TlsContext, RefusesProtocolsThatDoNotMatch) {
  struct Row {
    std::vector<std::string> client;
    std::vector<std::string> server;
    bool is_ok;
    std::string chosen;
  };
  const auto identity = self_signed("mail.example.org");
  for (const auto& row : {
           Row{{"smtp"}, {"smtp"}, true, "smtp"},
           Row{{"http/1.1", "smtp"}, {"imap", "smtp"}, true, "smtp"},
           Row{{"h2", "http/1.1"}, {"http/1.1", "h2"}, true, "h2"},
           Row{{"imap"}, {"smtp"}, false, ""},
           Row{{}, {"smtp"}, true, ""},
           Row{{"smtp"}, {}, true, ""},
       }) {
    TlsPair pair(
        client_context({.trust = nullptr, .alpn = row.client, .identity = {}}),
        server_context(
            {.identity = identity, .by_name = {}, .alpn = row.server, .ticket_keys = nullptr}));
    EXPECT_EQ(pair.shake(), row.is_ok) << testing::PrintToString(row.client);
    if (row.is_ok) {
      EXPECT_EQ(pair.server.facts().alpn, row.chosen) << testing::PrintToString(row.client);
      EXPECT_EQ(pair.client.facts().alpn, row.chosen) << testing::PrintToString(row.client);
    } else {
      EXPECT_EQ(pair.server.error().kind, TlsErrorKind::nothing_in_common)
          << pair.server.error().text;
      EXPECT_EQ(pair.client.error().kind, TlsErrorKind::peer_alert);
      EXPECT_TRUE(pair.client.error().text.contains("no_application_protocol"))
          << pair.client.error().text;
    }
  }
}

TEST(TlsContext, PeersWithoutACommonVersionPart) {
  const auto identity = self_signed("mail.example.org");
  TlsPair pair(
      client_context(
          {.trust = nullptr, .alpn = {}, .identity = {}, .versions = TlsVersions::only_1_2}),
      server_context({.identity = identity,
                      .by_name = {},
                      .alpn = {},
                      .ticket_keys = nullptr,
                      .versions = TlsVersions::only_1_3}));
  EXPECT_FALSE(pair.shake());
  EXPECT_EQ(pair.server.error().kind, TlsErrorKind::nothing_in_common) << pair.server.error().text;
}

TEST(TlsContext, TellsWhatItShows) {
  const auto context =
      server_context({.identity = *make_self_signed_identity({"a.example", "B.example"}),
                      .by_name = {self_signed("c.example")},
                      .alpn = {},
                      .ticket_keys = nullptr});
  const auto all = context.certificates();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].dns_names, (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_EQ(all[1].dns_names, (std::vector<std::string>{"c.example"}));
  const auto now = std::time(nullptr);
  EXPECT_LE(all[0].not_before, now);
  EXPECT_GT(all[0].not_after, now + 300 * 86400);
  EXPECT_TRUE(client_context({}).certificates().empty());
}

TEST(TlsContext, SaysWhatIsWrongWithAnIdentity) {
  TestPki pki;
  pki.make_leaf("good", "", "mail.example.org");
  pki.make_leaf("other", "", "mail.example.org");
  pki.make("encrypted", {.issuer = {}, .subject = {}, .extensions = "subjectAltName=DNS:x"});
  const auto good = pki.identity({"good"});
  const auto certificate_der = leaf_der(good);
  struct Row {
    const char* what;
    TlsIdentity identity;
    TlsErrorKind kind;
    std::string words;
  };
  for (const auto& row : {
           Row{"empty",
               {"", good.key_pem, "x.pem"},
               TlsErrorKind::bad_certificate,
               "x.pem: no cert"},
           Row{"a key instead",
               {good.key_pem, good.key_pem, "x"},
               TlsErrorKind::bad_certificate,
               "no certificate"},
           Row{"damaged",
               {encode_pem("CERTIFICATE", certificate_der.substr(0, 100)), good.key_pem, "x"},
               TlsErrorKind::bad_certificate,
               "damaged"},
           Row{"damaged chain",
               {good.certificate_pem + encode_pem("CERTIFICATE", "hello"), good.key_pem, "x"},
               TlsErrorKind::bad_certificate,
               "certificate 2"},
           Row{"no key", {good.certificate_pem, "", "x"}, TlsErrorKind::bad_key, "no private key"},
           Row{"a certificate instead",
               {good.certificate_pem, good.certificate_pem, "x"},
               TlsErrorKind::bad_key,
               "no private key"},
           Row{"another's key",
               {good.certificate_pem, pki.key("other"), "x"},
               TlsErrorKind::bad_key,
               "not the certificate's"},
           Row{"a damaged key",
               {good.certificate_pem, encode_pem("PRIVATE KEY", "hello"), "x"},
               TlsErrorKind::bad_key,
               "damaged"},
           Row{"an encrypted key",
               {good.certificate_pem, encode_pem("ENCRYPTED PRIVATE KEY", "hello"), "x"},
               TlsErrorKind::bad_key,
               "pass phrase"},
       }) {
    if (is_system_wolfssl && row.what == std::string_view("another's key")) {
      continue;  // it is taken there, and handshakes fail
    }
    const auto context = TlsContext::make_server(
        {.identity = row.identity, .by_name = {}, .alpn = {}, .ticket_keys = nullptr});
    ASSERT_FALSE(context.has_value()) << row.what;
    EXPECT_EQ(context.error().kind, row.kind) << row.what << ": " << context.error().text;
    EXPECT_TRUE(context.error().text.contains(row.words))
        << row.what << ": " << context.error().text;
    EXPECT_FALSE(
        TlsContext::make_server(
            {.identity = good, .by_name = {row.identity}, .alpn = {}, .ticket_keys = nullptr})
            .has_value());
  }
}

TEST(TlsContext, RefusesStrangeProtocolNames) {
  for (const auto& name : {std::string(), std::string("a,b"), std::string(256, 'x')}) {
    const auto context =
        TlsContext::make_client({.trust = nullptr, .alpn = {name}, .identity = {}});
    ASSERT_FALSE(context.has_value());
    EXPECT_EQ(context.error().kind, TlsErrorKind::bad_setting);
  }
}

TEST(TlsContext, LoadsIdentitiesFromFiles) {
  TestPki pki;
  pki.make_leaf("good", "", "mail.example.org");
  const auto identity = load_tls_identity(pki.path("good", ".pem"), pki.path("good", ".key"));
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->certificate_pem, pki.certificate("good"));
  EXPECT_EQ(identity->key_pem, pki.key("good"));
  const auto missing = load_tls_identity(pki.path("good", ".pem"), pki.path("none", ".key"));
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().kind, TlsErrorKind::unreadable_file);
  EXPECT_TRUE(missing.error().text.contains("none.key: No such file")) << missing.error().text;
}

TEST(TlsContext, SelfSignedIdentitiesHoldTheirNames) {
  EXPECT_FALSE(make_self_signed_identity({}).has_value());
  EXPECT_FALSE(make_self_signed_identity({std::string(100'000, 'x')}).has_value());
  const auto long_name = std::string(60, 'a') + "." + std::string(60, 'b') + ".example";
  EXPECT_TRUE(make_self_signed_identity({long_name}).has_value());
}

}  // namespace
}  // namespace postrider::net
