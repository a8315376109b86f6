#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <postrider/net/tls_session.hpp>

namespace postrider::net {

// Built with -Dwolfssl=system. Debian 12's library lets an expired anchor vouch, takes a key that
// is not the certificate's, and names suites otherwise (docs/dependencies.md): what tests that is
// skipped there, and says so.
#ifdef SYSTEM_WOLFSSL
inline constexpr bool is_system_wolfssl = true;
#else
inline constexpr bool is_system_wolfssl = false;
#endif

// Certificates made by /usr/bin/openssl in a directory of the test's own.
class TestPki {
 public:
  TestPki() {
    std::string pattern = testing::TempDir() + "postrider_pki_XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  TestPki(const TestPki&) = delete;
  TestPki& operator=(const TestPki&) = delete;
  ~TestPki() { std::filesystem::remove_all(directory_); }

  struct Options {
    std::string issuer;      // empty: signed by itself
    std::string subject;     // empty: the name
    std::string extensions;  // lines of an openssl extension section
    std::string algorithm = "EC -pkeyopt ec_paramgen_curve:P-256";
    std::string digest = "sha256";
    int days = 30;  // -1: expired yesterday
  };

  void make(const std::string& name, const Options& options) {
    const auto subject = "/CN=" + (options.subject.empty() ? name : options.subject);
    run("genpkey -algorithm " + options.algorithm + " -out " + path(name, ".key"));
    run("req -new -key " + path(name, ".key") + " -subj '" + subject + "' -out " +
        path(name, ".csr"));
    std::ofstream(path(name, ".ext")) << options.extensions << "\n";
    const auto& issuer = options.issuer;
    run("x509 -req -in " + path(name, ".csr") + " -days " + std::to_string(options.days) + " -" +
        options.digest + " -extfile " + path(name, ".ext") + " -out " + path(name, ".pem") +
        (issuer.empty() ? " -signkey " + path(name, ".key")
                        : " -CA " + path(issuer, ".pem") + " -CAkey " + path(issuer, ".key") +
                              " -CAcreateserial"));
  }
  void make_ca(const std::string& name, const std::string& issuer = {},
               const std::string& more = {}, const std::string& subject = {}) {
    make(name, {.issuer = issuer,
                .subject = subject,
                .extensions = "basicConstraints=critical,CA:true" + more});
  }
  void make_leaf(const std::string& name, const std::string& issuer, const std::string& dns_name) {
    make(name,
         {.issuer = issuer, .subject = dns_name, .extensions = "subjectAltName=DNS:" + dns_name});
  }

  [[nodiscard]] std::string path(const std::string& name, const std::string& suffix) const {
    return directory_ + "/" + name + suffix;
  }
  [[nodiscard]] std::string certificate(const std::string& name) const {
    return read(name, ".pem");
  }
  [[nodiscard]] std::string key(const std::string& name) const { return read(name, ".key"); }
  // The first one's key, with the certificates of the others behind its own.
  [[nodiscard]] TlsIdentity identity(const std::vector<std::string>& names) const {
    TlsIdentity identity{
        .certificate_pem = {}, .key_pem = key(names.front()), .origin = names.front()};
    for (const auto& name : names) {
      identity.certificate_pem += certificate(name);
    }
    return identity;
  }

 private:
  static void run(const std::string& arguments) {
    const auto command = "openssl " + arguments + " >/dev/null 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }
  [[nodiscard]] std::string read(const std::string& name, const std::string& suffix) const {
    std::ostringstream text;
    text << std::ifstream(path(name, suffix)).rdbuf();
    return text.str();
  }

  std::string directory_;
};

inline TlsContext server_context(const TlsServerSettings& settings) {
  auto context = TlsContext::make_server(settings);
  EXPECT_TRUE(context.has_value()) << context.error().text;
  return std::move(*context);
}
inline TlsContext client_context(const TlsClientSettings& settings) {
  auto context = TlsContext::make_client(settings);
  EXPECT_TRUE(context.has_value()) << context.error().text;
  return std::move(*context);
}

// Two sessions and the wires between them.
struct TlsPair {
  TlsSession client;
  TlsSession server;
  std::string to_server;
  std::string to_client;
  TlsStep client_step = TlsStep::want_read;
  TlsStep server_step = TlsStep::want_read;

  TlsPair(const TlsContext& client_context, const TlsContext& server_context,
          const std::string& name = "mail.example.org",
          const std::shared_ptr<const TlsResumption>& resumption = nullptr)
      : client(std::move(*TlsSession::connect(client_context, name, resumption))),
        server(std::move(*TlsSession::accept(server_context))) {}

  // One call with at most `most` octets of what waits on the wire.
  static TlsStep step(TlsSession& session, std::string& in, std::string& out, std::size_t most) {
    auto view = std::string_view(in).substr(0, most);
    const auto offered = view.size();
    const auto result = session.handshake(view, out);
    in.erase(0, offered - view.size());
    EXPECT_TRUE(result != TlsStep::want_read || view.empty());
    return result;
  }

  // Until both are done, one has failed, or nothing moves any more.
  bool shake(std::size_t most = std::string::npos) {
    for (int idle = 0; idle < 2;) {
      const auto waiting = to_server.size() + to_client.size();
      if (client_step == TlsStep::want_read) {
        client_step = step(client, to_client, to_server, most);
      }
      if (server_step == TlsStep::want_read) {
        server_step = step(server, to_server, to_client, most);
      }
      idle = waiting == 0 && to_server.empty() && to_client.empty() ? idle + 1 : 0;
      if (client_step == TlsStep::failed && to_server.empty()) {
        break;
      }
      if (server_step == TlsStep::failed && to_client.empty()) {
        break;
      }
      if (client_step != TlsStep::want_read && server_step != TlsStep::want_read) {
        break;
      }
    }
    return client_step == TlsStep::done && server_step == TlsStep::done;
  }

  // What went wrong, on either side.
  [[nodiscard]] std::string why() const {
    return (client_step == TlsStep::failed ? "client: " + client.error().text + " " : "") +
           (server_step == TlsStep::failed ? "server: " + server.error().text : "");
  }

  // Everything that can be read from the wire now.
  static std::string read_all(TlsSession& session, std::string& in, std::string& out,
                              std::size_t room = 4096) {
    std::string plaintext;
    std::string buffer(room, '\0');
    std::string_view view = in;
    while (true) {
      const auto read = session.read(view, buffer, out);
      if (read.step != TlsStep::done) {
        break;
      }
      plaintext.append(buffer, 0, read.octets);
    }
    in.erase(0, in.size() - view.size());
    return plaintext;
  }
  std::string client_to_server(std::string_view text) {
    EXPECT_EQ(client.write(text, to_server), TlsStep::done);
    return read_all(server, to_server, to_client);
  }
  std::string server_to_client(std::string_view text) {
    EXPECT_EQ(server.write(text, to_client), TlsStep::done);
    return read_all(client, to_client, to_server);
  }
};

}  // namespace postrider::net
