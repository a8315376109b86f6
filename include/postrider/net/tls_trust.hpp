#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/net/tls_error.hpp>

namespace postrider::net {

// The certificates that every path must end in, such as /etc/ssl/certs/ca-certificates.crt.
//
// Shard: loaded once, never changed, shared by all cores.
// Cost: a verification 0.1 to 0.5 ms, most of it signatures; nothing of one reaches into the next.
class TrustAnchors {
 public:
  // Reads a file: at start or at a reload only.
  [[nodiscard]] static Result<std::shared_ptr<const TrustAnchors>, TlsError> load(
      const std::string& path);
  [[nodiscard]] static Result<std::shared_ptr<const TrustAnchors>, TlsError> parse(
      std::string_view pem, std::string_view origin);

  ~TrustAnchors();
  TrustAnchors(const TrustAnchors&) = delete;
  TrustAnchors& operator=(const TrustAnchors&) = delete;

  [[nodiscard]] std::size_t size() const;

  // PKIX (RFC 5280 6) for a server's certificate: the chain as the peer sent it, its own
  // certificate first, the others in any order; the host's DNS name or address. Time is the
  // system's. Refused are also signatures by MD5 or SHA-1, and RSA keys below 2048 bits.
  [[nodiscard]] Result<void, TlsError> verify(const std::vector<std::string>& chain,
                                              std::string_view host) const;

 private:
  struct Impl;
  explicit TrustAnchors(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::net
