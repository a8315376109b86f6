#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/net/tls_context.hpp>
#include <postrider/net/tls_error.hpp>

namespace postrider::net {

enum class TlsStep : std::uint8_t {
  done,       // it is finished; there may be more in `input`
  want_read,  // all of `input` is consumed: come back with more
  closed,     // the peer said close_notify: nothing comes any more
  failed,     // error() says why; send what is in `output` (an alert), then close
};

struct TlsFacts {
  std::string_view version;  // "TLSv1.3", "TLSv1.2"
  std::string cipher;        // "TLS_AES_128_GCM_SHA256"
  std::string group;         // of the key exchange, "SECP256R1"; empty where unknown
  std::string alpn;          // the chosen protocol, or empty
  std::string server_name;   // the name that the client asked for (SNI), or empty
  bool is_resumed = false;
  bool is_verified = false;  // a client's: PKIX held for the server's name
  std::string verify_error;  // a client's: why it did not, where it was looked at
};

// What a client keeps to resume a session with the same server: opaque, in memory only, never read
// from outside. Used only with the context and the server name that it came from.
class TlsResumption;

// One TLS connection, without I/O: ciphertext comes in as a view that is consumed from its front,
// ciphertext to send is appended to a string.
//
// `input` is only read during the call; what is left in it stays the caller's. Each call is bounded
// by the octets of `input`; a handshake call costs one private or public key operation at most of
// each kind (0.1 to 0.7 ms).
//
// Shard: one thread at a time; between calls a session may move to another one (the offload pool).
class TlsSession {
 public:
  [[nodiscard]] static Result<TlsSession, TlsError> accept(const TlsContext& context);
  // server_name: the DNS name for SNI and for PKIX, or an address (no SNI then). resumption: may be
  // null; one that does not fit is ignored.
  [[nodiscard]] static Result<TlsSession, TlsError> connect(
      const TlsContext& context, const std::string& server_name,
      const std::shared_ptr<const TlsResumption>& resumption = nullptr);

  TlsSession(TlsSession&&) noexcept;
  TlsSession& operator=(TlsSession&&) noexcept;
  ~TlsSession();

  // Call first with an empty input as client, then with all that arrives, until it is not
  // want_read.
  [[nodiscard]] TlsStep handshake(std::string_view& input, std::string& output);

  struct Read {
    TlsStep step = TlsStep::failed;
    std::size_t octets = 0;  // with done: how much stands in `plaintext`, at least 1
  };
  // At most one record. Call until want_read: only then all of `input` is consumed. It may also
  // answer the peer (key updates) in `output`.
  [[nodiscard]] Read read(std::string_view& input, std::span<char> plaintext, std::string& output);

  // All of the plaintext, in records of 16 KiB; pass a bounded piece. done or failed.
  [[nodiscard]] TlsStep write(std::string_view plaintext, std::string& output);

  // Says close_notify. Without it the peer can't tell the end from a cut.
  void close(std::string& output);

  [[nodiscard]] bool is_established() const;
  // After `failed`.
  [[nodiscard]] const TlsError& error() const;
  // After the handshake is done; until the session dies.
  [[nodiscard]] const TlsFacts& facts() const;
  // The peer's certificates as DER, its own first; empty if it showed none. See parse_certificate
  // for the SubjectPublicKeyInfo. Until release_peer_chain(), which frees them; what resumption()
  // gives after that resumes without a chain: not for policies that judge one.
  [[nodiscard]] const std::vector<std::string>& peer_chain() const;
  void release_peer_chain();

  // Channel bindings for SCRAM-PLUS: tls-exporter (RFC 9266; TLS 1.3 only) and tls-server-end-point
  // (RFC 5929 4).
  [[nodiscard]] std::optional<std::string> channel_binding_exporter() const;
  [[nodiscard]] std::optional<std::string> channel_binding_end_point() const;

  // A client's, once the server has sent a ticket (with TLS 1.3 after the first read); else null.
  // Ask at the end of a connection.
  [[nodiscard]] std::shared_ptr<const TlsResumption> resumption() const;

  // Whether this client's handshake tried to resume. If it failed, try once more without: a server
  // that has lost TLS 1.3 since makes the library break off.
  [[nodiscard]] bool has_offered_resumption() const;

  struct Impl;  // private to net's TLS sources

 private:
  explicit TlsSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::net
