#pragma once

#include "../policy/token_endpoint.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <postrider/base/base64.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/net/tls_context.hpp>

// Logins with access tokens in any of the protocols: what a client says over TLS.
namespace postrider {

// RFC 7628 3.1, and what was there before it; in base64.
inline std::string bearer(const std::string& token, const std::string& user = {}) {
  return encode_base64("n," + (user.empty() ? std::string() : "a=" + user) + ",\x01" +
                       "auth=Bearer " + token + "\x01\x01");
}
inline std::string xoauth2(const std::string& token, const std::string& user) {
  return encode_base64("user=" + user + "\x01" + "auth=Bearer " + token + "\x01\x01");
}
// What a client answers to the error (RFC 7628 3.2.3).
inline const std::string acknowledged = "AQ==";

// Lines over TLS: each that is said gets one answer, whose lines before the last are left out.
class TokenClient {
 public:
  TokenClient(engine::Reactor& reactor, SocketAddress to) : reactor_(reactor), to_(to) {}

  engine::Task<void> converse(std::vector<std::string> says, std::vector<std::string>* heard) {
    const auto trusting = net::TlsContext::make_client({});
    auto stream = co_await reactor_.connect({.to = to_, .source = {}}, soon());
    EXPECT_TRUE(stream.has_value() && trusting.has_value());
    net::Connection connection(reactor_, std::move(*stream));
    EXPECT_TRUE(
        co_await connection.start_tls(*trusting, net::TlsRole::client, "mail.example.org", soon()));
    heard->push_back(co_await hear(connection));
    for (const std::string& said : says) {
      connection.write(said + "\r\n");
      (void)co_await connection.flush(soon());  // a broken connection shows in what is heard
      heard->push_back(co_await hear(connection));
    }
    co_await connection.close(soon());
  }

 private:
  engine::Until soon() { return {reactor_.now() + std::chrono::minutes(30), {}}; }

  engine::Task<std::string> hear(net::Connection& connection) {
    for (;;) {
      const std::size_t end = held_.find("\r\n");
      if (end == std::string::npos) {
        const auto octets = co_await connection.receive(soon());
        if (!octets) {
          co_return "closed";
        }
        held_ += *octets;
        continue;
      }
      std::string line = held_.substr(0, end);
      held_.erase(0, end + 2);
      const bool goes_on = line.starts_with("* ") || (line.size() > 3 && line[3] == '-');
      if (!goes_on || line.starts_with("* OK [CAPABILITY IMAP4rev2")) {
        co_return line;
      }
    }
  }

  engine::Reactor& reactor_;
  SocketAddress to_;
  std::string held_;
};

// Of ada, who is there, bob, who is disabled, and somebody unknown.
inline void issue_tokens(policy::TokenEndpoint& endpoint, const std::string& domain) {
  const auto active = [&domain](const std::string& name) {
    return R"({"active":true,"username":")" + name + "@" + domain + R"("})";
  };
  auto& answers = *endpoint.answers;
  answers.body = R"({"active":false})";
  answers.by_token = {
      {"ada-token", active("ada")}, {"bob-token", active("bob")}, {"eve-token", active("eve")}};
  endpoint.settings.timeout = std::chrono::seconds(3);
}

}  // namespace postrider
