#include "tls_callbacks.hpp"
#include "tls_context_impl.hpp"
#include "tls_file.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <postrider/base/assert.hpp>
#include <postrider/base/pem.hpp>
#include <postrider/base/text.hpp>
#include <postrider/net/tls_certificate.hpp>
#include <postrider/net/tls_context.hpp>

namespace postrider::net {
namespace {

using namespace std::string_view_literals;

// No list: the library would accept anonymous suites, if it was built with them, even where
// certificates are demanded.
constexpr const char* modern_suites =
    "TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:TLS13-CHACHA20-POLY1305-SHA256:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* more_compatible_suites =
    ":ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:"
    "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:"
    "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA";

// The first is the one that a client's first flight has a share of: nearly every server takes it,
// and it costs both sides less than P-256.
constexpr const char* client_groups = "X25519:P-256:P-384:P-521";

constexpr std::size_t alpn_name_limit = 255;  // RFC 7301 3.1

WOLFSSL_METHOD* method_for(bool is_server, TlsVersions versions) {
  switch (versions) {
    case TlsVersions::only_1_2:
      return is_server ? wolfTLSv1_2_server_method() : wolfTLSv1_2_client_method();
    case TlsVersions::only_1_3:
      return is_server ? wolfTLSv1_3_server_method() : wolfTLSv1_3_client_method();
    case TlsVersions::from_1_2:
      break;
  }
  return is_server ? wolfTLS_server_method() : wolfTLS_client_method();
}

// The safe settings, all of them here, for servers and clients alike.
Result<TlsHandle<WOLFSSL_CTX>, TlsError> make_handle(bool is_server, TlsSuites suites,
                                                     TlsVersions versions) {
  start_tls_library();
  TlsHandle<WOLFSSL_CTX> handle(wolfSSL_CTX_new(method_for(is_server, versions)));
  if (!handle) {
    return failure(TlsError{TlsErrorKind::out_of_resources, "out of memory for a TLS context"});
  }
  auto* const context = handle.get();
  if (versions == TlsVersions::from_1_2) {
    postrider::check(wolfSSL_CTX_SetMinVersion(context, WOLFSSL_TLSV1_2) == WOLFSSL_SUCCESS,
                     "the library knows TLS 1.2");
  }
  const auto list = suites == TlsSuites::modern
                        ? std::string(modern_suites)
                        : std::string(modern_suites) + more_compatible_suites;
  if (wolfSSL_CTX_set_cipher_list(context, list.c_str()) != WOLFSSL_SUCCESS) {
    return failure(TlsError{TlsErrorKind::bad_setting, "the TLS library refuses our cipher list"});
  }
  if (!is_server && wolfSSL_CTX_set1_groups_list(context, client_groups) != WOLFSSL_SUCCESS) {
    return failure(TlsError{TlsErrorKind::bad_setting, "the TLS library refuses our groups"});
  }
  // Sessions are resumed by tickets alone: no state, no lock.
  (void)wolfSSL_CTX_set_session_cache_mode(context, WOLFSSL_SESS_CACHE_OFF);  // returns a mask
  wolfSSL_CTX_SetIORecv(context, tls_receive_callback);
  wolfSSL_CTX_SetIOSend(context, tls_send_callback);
  // The library must not judge a chain: overruled by a callback, it would keep a CA that failed as
  // one that other sessions trust. The callback only collects; TrustAnchors judges after the
  // handshake. Whether the peer holds the key of its certificate is checked in any case.
  wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_NONE, is_server ? nullptr : tls_verify_callback);
  return handle;
}

TlsCertificateFacts facts_of(const CertificateView& leaf, std::string_view origin) {
  TlsCertificateFacts facts{.origin = std::string(origin),
                            .dns_names = {},
                            .not_before = leaf.not_before,
                            .not_after = leaf.not_after};
  for (const auto name : leaf.dns_names) {
    facts.dns_names.push_back(to_lower(name));
  }
  return facts;
}

// An RSA key (docs/adr/0009-rsa-signing.md); other kinds the library signs with itself.
void sign_with_libcrypto(TlsIdentityContext& made, std::string_view key_der) {
#ifdef HAVE_PK_CALLBACKS
  auto signer = RsaSigner::parse_der(key_der);
  if (signer) {
    made.signer = std::make_unique<const RsaSigner>(std::move(*signer));
    wolfSSL_CTX_SetRsaPssSignCb(made.handle.get(), tls_rsa_pss_callback);
    wolfSSL_CTX_SetRsaSignCb(made.handle.get(), tls_rsa_callback);
  }
#endif
}

Result<void, TlsError> use_identity(TlsIdentityContext& made, const TlsIdentity& identity) {
  const auto wrong = [&](TlsErrorKind kind, std::string_view what) {
    return failure(TlsError{kind, fmt::format("{}: {}", identity.origin, what)});
  };
  auto blocks = parse_pem(identity.certificate_pem);
  std::erase_if(blocks, [](const PemBlock& block) { return block.label != "CERTIFICATE"; });
  if (blocks.empty()) {
    return wrong(TlsErrorKind::bad_certificate, "no certificate in PEM form in it");
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (!parse_certificate(blocks[i].der)) {
      return wrong(TlsErrorKind::bad_certificate,
                   fmt::format("certificate {} in it is damaged", i + 1));
    }
  }
  const auto leaf = parse_certificate(blocks.front().der);
  auto* const context = made.handle.get();
  if (wolfSSL_CTX_use_certificate_chain_buffer(
          context, library_octets(identity.certificate_pem),
          static_cast<long>(identity.certificate_pem.size())) != WOLFSSL_SUCCESS) {
    return wrong(TlsErrorKind::bad_certificate, "the TLS library refuses the certificate chain");
  }
  const auto keys = parse_pem(identity.key_pem);
  const auto key = std::ranges::find_if(
      keys, [](const PemBlock& block) { return block.label.ends_with("PRIVATE KEY"); });
  if (key == keys.end()) {
    return wrong(TlsErrorKind::bad_key, "no private key in PEM form in it");
  }
  if (key->is_encrypted || key->label.starts_with("ENCRYPTED")) {
    return wrong(TlsErrorKind::bad_key,
                 "the private key is protected by a pass phrase: remove it with `openssl pkey`");
  }
  if (wolfSSL_CTX_use_PrivateKey_buffer(context, library_octets(identity.key_pem),
                                        static_cast<long>(identity.key_pem.size()),
                                        WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS) {
    return wrong(TlsErrorKind::bad_key, "the private key is damaged or of an unknown kind");
  }
  if (wolfSSL_CTX_check_private_key(context) != WOLFSSL_SUCCESS) {
    return wrong(TlsErrorKind::bad_key, "the private key is not the certificate's");
  }
  sign_with_libcrypto(made, key->der);
  made.facts = facts_of(*leaf, identity.origin);
  made.leaf_der = blocks.front().der;
  return {};
}

bool is_ed25519(const TlsIdentityContext& identity) {
  const auto leaf = parse_certificate(identity.leaf_der);
  return leaf && leaf->spki.starts_with("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70"sv);  // RFC 8410 4
}

Result<std::string, TlsError> join_alpn(const std::vector<std::string>& protocols) {
  for (const auto& name : protocols) {
    if (name.empty() || name.size() > alpn_name_limit || name.contains(',')) {
      return failure(TlsError{TlsErrorKind::bad_setting,
                              fmt::format("'{}' is no ALPN protocol", quoted_for_log(name))});
    }
  }
  return fmt::format("{}", fmt::join(protocols, ","));
}

void use_tickets(const TlsContext::Impl& impl, WOLFSSL_CTX* context) {
  if (!impl.ticket_keys) {
    (void)wolfSSL_CTX_NoTicketTLSv12(context);  // fail for clients' contexts only
    (void)wolfSSL_CTX_no_ticket_TLSv13(context);
    return;
  }
  // Fail for a null or a client's context only.
  (void)wolfSSL_CTX_set_TicketEncCb(context, tls_ticket_callback);
  (void)wolfSSL_CTX_set_TicketEncCtx(context, const_cast<TicketKeys*>(impl.ticket_keys.get()));
  (void)wolfSSL_CTX_set_TicketHint(context, TicketKeys::lifetime_s);
  (void)wolfSSL_CTX_set_timeout(context, TicketKeys::lifetime_s);
}

void index_names(TlsContext::Impl& impl) {
  for (std::size_t i = 0; i < impl.identities.size(); ++i) {
    for (const auto& name : impl.identities[i].facts.dns_names) {
      if (name.starts_with("*.")) {
        impl.wildcard_names.emplace(name.substr(2), i);
      } else {
        impl.exact_names.emplace(name, i);
      }
    }
  }
}

}  // namespace

std::size_t TlsContext::Impl::identity_for(std::string_view server_name) const {
  const auto name = to_lower(server_name);
  if (const auto exact = exact_names.find(name); exact != exact_names.end()) {
    return exact->second;
  }
  const auto dot = name.find('.');
  const auto wildcard =
      dot == std::string::npos ? wildcard_names.end() : wildcard_names.find(name.substr(dot + 1));
  return wildcard == wildcard_names.end() ? 0 : wildcard->second;
}

Result<TlsIdentity, TlsError> load_tls_identity(const std::string& certificate_path,
                                                const std::string& key_path) {
  auto certificate = read_tls_file(certificate_path);
  if (!certificate) {
    return failure(certificate.error());
  }
  auto key = read_tls_file(key_path);
  if (!key) {
    return failure(key.error());
  }
  return TlsIdentity{.certificate_pem = std::move(*certificate),
                     .key_pem = std::move(*key),
                     .origin = certificate_path + " with " + key_path};
}

Result<TlsContext, TlsError> TlsContext::make_server(const TlsServerSettings& settings) {
  auto impl = std::make_shared<Impl>();
  impl->is_server = true;
  impl->ticket_keys = settings.ticket_keys;
  auto alpn = join_alpn(settings.alpn);
  if (!alpn) {
    return failure(alpn.error());
  }
  impl->alpn = std::move(*alpn);
  std::vector<const TlsIdentity*> identities{&settings.identity};
  for (const auto& identity : settings.by_name) {
    identities.push_back(&identity);
  }
  for (const auto* identity : identities) {
    auto handle = make_handle(true, settings.suites, settings.versions);
    if (!handle) {
      return failure(handle.error());
    }
    TlsIdentityContext made{
        .handle = std::move(*handle), .facts = {}, .leaf_der = {}, .signer = nullptr};
    if (auto used = use_identity(made, *identity); !used) {
      return failure(used.error());
    }
    if (!impl->identities.empty() && is_ed25519(made)) {
      return failure(TlsError{TlsErrorKind::bad_certificate,
                              fmt::format("{}: the TLS library can't choose an Ed25519 certificate "
                                          "by name: make it the default, or use ECDSA or RSA",
                                          identity->origin)});
    }
    use_tickets(*impl, made.handle.get());
    wolfSSL_CTX_set_servername_callback(made.handle.get(), tls_server_name_callback);
    impl->identities.push_back(std::move(made));
  }
  index_names(*impl);
  return TlsContext(std::move(impl));
}

Result<TlsContext, TlsError> TlsContext::make_client(const TlsClientSettings& settings) {
  postrider::check(settings.verify == TlsVerify::none || settings.trust != nullptr,
                   "who verifies has trust anchors");
  auto impl = std::make_shared<Impl>();
  impl->verify = settings.verify;
  impl->trust = settings.trust;
  auto alpn = join_alpn(settings.alpn);
  if (!alpn) {
    return failure(alpn.error());
  }
  impl->alpn = std::move(*alpn);
  auto handle = make_handle(false, settings.suites, settings.versions);
  if (!handle) {
    return failure(handle.error());
  }
  TlsIdentityContext made{
      .handle = std::move(*handle), .facts = {}, .leaf_der = {}, .signer = nullptr};
  if (!settings.identity.empty()) {
    if (auto used = use_identity(made, settings.identity.front()); !used) {
      return failure(used.error());
    }
  }
  impl->identities.push_back(std::move(made));
  return TlsContext(std::move(impl));
}

bool TlsContext::is_server() const {
  return impl_->is_server;
}

std::vector<TlsCertificateFacts> TlsContext::certificates() const {
  std::vector<TlsCertificateFacts> all;
  for (const auto& identity : impl_->identities) {
    if (!identity.leaf_der.empty()) {
      all.push_back(identity.facts);
    }
  }
  return all;
}

}  // namespace postrider::net
