#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/net/tls_error.hpp>
#include <postrider/net/tls_ticket_keys.hpp>
#include <postrider/net/tls_trust.hpp>

namespace postrider::net {

// A certificate chain (our own certificate first) and its key, as PEM.
struct TlsIdentity {
  std::string certificate_pem;
  std::string key_pem;
  std::string origin;  // the files, for messages
};
// Reads both files: at start or at a reload only.
[[nodiscard]] Result<TlsIdentity, TlsError> load_tls_identity(const std::string& certificate_path,
                                                              const std::string& key_path);
// A fresh P-256 key and a certificate for these DNS names, signed by itself, good for a year: for
// the sandbox and for opportunistic STARTTLS on a host that has no certificate.
[[nodiscard]] Result<TlsIdentity, TlsError> make_self_signed_identity(
    const std::vector<std::string>& dns_names);

enum class TlsSuites : std::uint8_t {
  modern,      // forward secrecy and AEAD only
  compatible,  // and ECDHE with AES-CBC: better than the plain text that would follow a refusal
};

enum class TlsVersions : std::uint8_t { from_1_2, only_1_2, only_1_3 };

struct TlsServerSettings {
  TlsIdentity identity;              // for clients that name nobody, or somebody unknown
  std::vector<TlsIdentity> by_name;  // chosen by SNI among the DNS names in them; the first wins
  std::vector<std::string>
      alpn;  // empty: the extension is ignored; else the client's order decides
  std::shared_ptr<const TicketKeys> ticket_keys;  // the listener's; shared by its cores. Null: none
  TlsSuites suites = TlsSuites::modern;
  TlsVersions versions = TlsVersions::from_1_2;
};

enum class TlsVerify : std::uint8_t {
  none,     // whoever answers: opportunistic TLS, or a caller who judges the chain (DANE)
  report,   // the same, but TlsFacts::is_verified says whether PKIX would hold
  require,  // the handshake fails unless PKIX holds for the server's name
};

struct TlsClientSettings {
  TlsVerify verify = TlsVerify::none;
  std::shared_ptr<const TrustAnchors>
      trust;  // shared by all contexts; needed by report and require
  std::vector<std::string> alpn;
  std::vector<TlsIdentity> identity;  // none or one, shown to servers that ask
  TlsSuites suites = TlsSuites::compatible;
  TlsVersions versions = TlsVersions::from_1_2;
};

struct TlsCertificateFacts {
  std::string origin;
  std::vector<std::string> dns_names;
  std::int64_t not_before = 0;  // seconds since 1970
  std::int64_t not_after = 0;
};

// All that sessions of one listener or one kind of client have in common. Every context is made
// here, TLS 1.2 and 1.3 only, from an explicit list of suites, without a session cache.
//
// A value: copies share what is inside, and sessions hold it, so that a reload makes another one
// while the sessions of the old live on (shared ownership, since the last session to end is not
// known). Shard: any; sessions count references, so make one a core from the same settings.
class TlsContext {
 public:
  [[nodiscard]] static Result<TlsContext, TlsError> make_server(const TlsServerSettings& settings);
  [[nodiscard]] static Result<TlsContext, TlsError> make_client(const TlsClientSettings& settings);

  [[nodiscard]] bool is_server() const;
  // What it shows to peers, the default first: for `check` and for warnings before they expire.
  [[nodiscard]] std::vector<TlsCertificateFacts> certificates() const;

  struct Impl;  // private to net's TLS sources

 private:
  friend class TlsSession;
  explicit TlsContext(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace postrider::net
