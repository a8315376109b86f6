#include "net/tls_record_guard.hpp"
#include "tls_test_support.hpp"

#include <gtest/gtest.h>
#include <string>

namespace postrider::net {
namespace {

using namespace std::string_literals;

std::string u16(std::size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}
std::string record(char type, const std::string& body) {
  return std::string(1, type) + "\x03\x03" + u16(body.size()) + body;
}
std::string handshake_record(char type, const std::string& body) {
  return record(0x16, std::string(1, type) + "\0"s + u16(body.size()) + body);
}

// A ClientHello of TLS 1.2 or older (RFC 5246 7.4.1.2), as a hostile or ancient client sends it.
std::string client_hello(int version, const std::string& suites) {
  const auto extension = [](int type, const std::string& body) {
    return u16(static_cast<std::size_t>(type)) + u16(body.size()) + body;
  };
  const auto extensions = extension(10, u16(2) + u16(23)) +     // supported_groups: secp256r1
                          extension(11, "\1\0"s) +              // ec_point_formats
                          extension(13, u16(2) + u16(0x0403));  // ecdsa_secp256r1_sha256
  return handshake_record(1, u16(static_cast<std::size_t>(version)) + std::string(32, 'r') + "\0"s +
                                 u16(suites.size()) + suites + "\1\0"s + u16(extensions.size()) +
                                 extensions);
}

class TlsHostile : public testing::Test {
 protected:
  TlsHostile()
      : server_context_(
            server_context({.identity = *make_self_signed_identity({"mail.example.org"}),
                            .by_name = {},
                            .alpn = {},
                            .ticket_keys = nullptr})) {}

  // What a fresh server makes of these octets, and the alert it answers with (-1: none).
  TlsStep serve(const std::string& octets, int* alert = nullptr, std::string* text = nullptr) {
    auto session = std::move(*TlsSession::accept(server_context_));
    std::string_view input = octets;
    std::string output;
    const auto step = session.handshake(input, output);
    if (text != nullptr && step == TlsStep::failed) {
      *text = session.error().text;
    }
    if (alert != nullptr) {
      *alert = output.size() >= 7 && output[0] == 0x15 ? output[output.size() - 1] : -1;
    }
    return step;
  }

  TlsContext server_context_;
};

const std::string ecdhe_ecdsa_gcm = "\xc0\x2b";

TEST_F(TlsHostile, AProperOldHelloIsAnswered) {
  // Else the tests below would pass for another reason.
  EXPECT_EQ(serve(client_hello(0x0303, ecdhe_ecdsa_gcm)), TlsStep::want_read);
}

TEST_F(TlsHostile, RefusesVersionsBelow12) {
  for (const int version : {0x0302, 0x0301, 0x0300, 0x0200}) {
    int alert = -1;
    EXPECT_EQ(serve(client_hello(version, ecdhe_ecdsa_gcm), &alert), TlsStep::failed) << version;
    EXPECT_TRUE(alert == 70 || version == 0x0200) << version << ": " << alert;  // protocol_version
  }
}

TEST_F(TlsHostile, RefusesSuitesThatAreNotOnTheList) {
  struct Row {
    const char* what;
    std::string suites;
  };
  for (const auto& row : {
           Row{"DH anon AES-128-CBC", "\x00\x34"s},
           Row{"ECDH anon AES-128-CBC", "\xc0\x18"s},
           Row{"DH anon AES-128-GCM", "\x00\xa6"s},
           Row{"null with RSA", "\x00\x02"s},
           Row{"null with ECDHE-ECDSA", "\xc0\x06"s},
           Row{"RC4", "\xc0\x07"s},
           Row{"3DES", "\xc0\x08"s},
           Row{"export", "\x00\x03"s},
           Row{"static RSA AES-128-GCM", "\x00\x9c"s},
           Row{"ECDHE-ECDSA AES-128-CBC", "\xc0\x09"s},
           Row{"no suite", ""s},
       }) {
    int alert = -1;
    EXPECT_EQ(serve(client_hello(0x0303, row.suites), &alert), TlsStep::failed) << row.what;
  }
}

TEST_F(TlsHostile, AClientRefusesAnOldServer) {
  auto session = std::move(*TlsSession::connect(client_context({}), "mail.example.org"));
  std::string_view nothing;
  std::string output;
  ASSERT_EQ(session.handshake(nothing, output), TlsStep::want_read);
  for (const int version : {0x0302, 0x0301}) {
    const auto hello = handshake_record(2, u16(static_cast<std::size_t>(version)) +
                                               std::string(32, 'r') + "\0"s + "\xc0\x09"s + "\0"s);
    std::string_view input = hello;
    EXPECT_EQ(session.handshake(input, output), TlsStep::failed) << version;
  }
}

TEST_F(TlsHostile, AClientRefusesASuiteThatItDidNotOffer) {
  for (const auto& suite : {"\x00\x34"s, "\xc0\x06"s, "\xc0\x18"s}) {
    auto session = std::move(*TlsSession::connect(client_context({}), "mail.example.org"));
    std::string_view nothing;
    std::string output;
    ASSERT_EQ(session.handshake(nothing, output), TlsStep::want_read);
    const auto hello =
        handshake_record(2, u16(0x0303) + std::string(32, 'r') + "\0"s + suite + "\0"s);
    std::string_view input = hello;
    EXPECT_EQ(session.handshake(input, output), TlsStep::failed);
  }
}

TEST_F(TlsHostile, WhoSpeaksNoTlsIsToldApart) {
  for (const auto& octets : {"EHLO client.example.org\r\n"s, "GET / HTTP/1.1\r\n\r\n"s,
                             "SSH-2.0-OpenSSH_9.2\r\n"s, std::string(100, '\0')}) {
    auto session = std::move(*TlsSession::accept(server_context_));
    std::string_view input = octets;
    std::string output;
    EXPECT_EQ(session.handshake(input, output), TlsStep::failed);
    EXPECT_EQ(session.error().kind, TlsErrorKind::not_tls) << session.error().text;
  }
}

const std::string empty_record = "\x17\x03\x03\x00\x10"s + std::string(16, 't');

TEST_F(TlsHostile, GuardsAgainstEmptyRecordsBeforeTheHandshake) {
  std::string text;
  EXPECT_EQ(serve(empty_record, nullptr, &text), TlsStep::failed);
  EXPECT_TRUE(text.contains("record without content")) << text;
}

TEST_F(TlsHostile, GuardsAgainstEmptyRecordsAfterTheHello) {
  TlsPair pair(client_context({}), server_context_);
  pair.client_step = TlsPair::step(pair.client, pair.to_client, pair.to_server, 100'000);
  pair.to_server += empty_record;
  pair.server_step = TlsPair::step(pair.server, pair.to_server, pair.to_client, 100'000);
  EXPECT_EQ(pair.server_step, TlsStep::failed);
  EXPECT_TRUE(pair.server.error().text.contains("record without content"))
      << pair.server.error().text;
}

TEST_F(TlsHostile, GuardsAgainstEmptyRecordsInASession) {
  for (const bool is_towards_server : {true, false}) {
    TlsPair pair(client_context({}), server_context_);
    ASSERT_TRUE(pair.shake());
    auto& session = is_towards_server ? pair.server : pair.client;
    std::string output;
    std::string buffer(100, '\0');
    const auto octets = (is_towards_server ? pair.to_server : pair.to_client) + empty_record;
    std::string_view input = octets;
    EXPECT_EQ(session.read(input, buffer, output).step, TlsStep::failed);
    EXPECT_TRUE(session.error().text.contains("record without content")) << session.error().text;
  }
}

TEST(TlsRecordGuard, SeesRecordsWhereverTheyAreCut) {
  constexpr auto pass = TlsRecordGuard::Verdict::pass;
  const auto good = record(0x16, std::string(3, 'h')) + record(0x17, std::string(17, 'x')) +
                    record(0x14, "\1") + record(0x15, "\1\0"s) +
                    record(0x17, std::string(300, 'x'));
  for (std::size_t most = 1; most < good.size(); ++most) {
    TlsRecordGuard guard;
    for (std::size_t at = 0; at < good.size(); at += most) {
      ASSERT_EQ(guard.inspect(std::string_view(good).substr(at, most)), pass);
    }
    bool is_refused = false;
    for (std::size_t at = 0; at < empty_record.size(); at += most) {
      is_refused |= guard.inspect(std::string_view(empty_record).substr(at, most)) != pass;
    }
    EXPECT_TRUE(is_refused) << most;
  }
  for (std::size_t size = 0; size < 17; ++size) {
    EXPECT_EQ(TlsRecordGuard().inspect(record(0x17, std::string(size, 'x'))),
              TlsRecordGuard::Verdict::empty_record)
        << size;
  }
}

TEST_F(TlsHostile, FlippedOctetsNeverPass) {
  TlsPair whole(client_context({}), server_context_);
  ASSERT_TRUE(whole.shake());
  ASSERT_EQ(whole.client.write("MAIL FROM:<a@example.org>\r\n", whole.to_server), TlsStep::done);
  const auto good = whole.to_server;
  for (std::size_t at = 0; at < good.size(); ++at) {
    TlsPair pair(client_context({}), server_context_);
    ASSERT_TRUE(pair.shake());
    ASSERT_EQ(pair.client.write("MAIL FROM:<a@example.org>\r\n", pair.to_server), TlsStep::done);
    pair.to_server[at] = static_cast<char>(pair.to_server[at] ^ 0x20);
    EXPECT_EQ(TlsPair::read_all(pair.server, pair.to_server, pair.to_client), "") << at;
    EXPECT_FALSE(pair.server.is_established() && pair.to_server.empty() && at < 3) << at;
  }
}

TEST_F(TlsHostile, FlippedHandshakesNeverFinish) {
  TlsPair whole(client_context({}), server_context_);
  std::string_view nothing;
  std::string first;
  ASSERT_EQ(whole.client.handshake(nothing, first), TlsStep::want_read);
  for (std::size_t at = 0; at < first.size(); at += 3) {
    TlsPair pair(client_context({}), server_context_);
    pair.client_step = TlsPair::step(pair.client, pair.to_client, pair.to_server, 0);
    pair.to_server[at] = static_cast<char>(pair.to_server[at] ^ 0x01);
    // The record header's version (octets 1 and 2) is nothing that a peer may rely on.
    EXPECT_FALSE(pair.shake() && at != 1 && at != 2) << at;
  }
}

}  // namespace
}  // namespace postrider::net
