#pragma once

#include "tls_library.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <postrider/base/rsa_signer.hpp>
#include <postrider/net/tls_context.hpp>

namespace postrider::net {

// One certificate chain with its key in a context of the library of its own.
struct TlsIdentityContext {
  TlsHandle<WOLFSSL_CTX> handle;
  TlsCertificateFacts facts;
  std::string leaf_der;                     // of a client without a certificate: empty
  std::unique_ptr<const RsaSigner> signer;  // of an RSA key; nullptr: the library signs
};

struct TlsContext::Impl {
  bool is_server = false;
  std::vector<TlsIdentityContext> identities;                   // the default first
  std::unordered_map<std::string, std::size_t> exact_names;     // in lower case
  std::unordered_map<std::string, std::size_t> wildcard_names;  // "*.example.org" as "example.org"
  std::shared_ptr<const TicketKeys> ticket_keys;
  std::string alpn;  // as the library wants it: separated by commas
  TlsVerify verify = TlsVerify::none;
  std::shared_ptr<const TrustAnchors> trust;

  // Which identity to show a client that asked for this name; 0 for names that nobody has.
  [[nodiscard]] std::size_t identity_for(std::string_view server_name) const;
};

}  // namespace postrider::net
