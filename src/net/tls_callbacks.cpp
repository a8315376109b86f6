#include "tls_callbacks.hpp"

#include "tls_session_impl.hpp"

#include <algorithm>
#include <cstring>

namespace postrider::net {
namespace {

// The chain of a peer that is not worth keeping in full.
constexpr std::size_t chain_octets_limit = 128 * 1024;

const RsaSigner& signer_of(WOLFSSL* handle) {
  const auto& session = *static_cast<TlsSession::Impl*>(wolfSSL_GetIOReadCtx(handle));
  return *session.context->identities[session.identity].signer;
}

std::string_view view(const unsigned char* octets, unsigned size) {
  return {reinterpret_cast<const char*>(octets), size};
}

int hand_out(const Result<std::string, KeyError>& signature, unsigned char* out,
             unsigned* out_size) {
  if (!signature || signature->size() > *out_size) {
    return RSA_BUFFER_E;
  }
  signature->copy(reinterpret_cast<char*>(out), signature->size());
  *out_size = static_cast<unsigned>(signature->size());
  return 0;
}

}  // namespace

int tls_receive_callback(WOLFSSL* /*session*/, char* buffer, int size, void* impl) {
  auto& session = *static_cast<TlsSession::Impl*>(impl);
  if (session.input == nullptr || session.input->empty()) {
    return WOLFSSL_CBIO_ERR_WANT_READ;
  }
  const auto piece = session.input->substr(0, static_cast<std::size_t>(size));
  session.guard_verdict = session.guard.inspect(piece);
  if (session.guard_verdict != TlsRecordGuard::Verdict::pass) {
    return WOLFSSL_CBIO_ERR_GENERAL;
  }
  std::memcpy(buffer, piece.data(), piece.size());
  session.input->remove_prefix(piece.size());
  return static_cast<int>(piece.size());
}

int tls_send_callback(WOLFSSL* /*session*/, char* buffer, int size, void* impl) {
  auto& session = *static_cast<TlsSession::Impl*>(impl);
  if (session.output != nullptr) {
    session.output->append(buffer, static_cast<std::size_t>(size));
  }
  return size;
}

int tls_verify_callback(int /*preverified*/, WOLFSSL_X509_STORE_CTX* store) {
  auto& session = *static_cast<TlsSession::Impl*>(store->userCtx);
  session.peer_chain.clear();
  std::size_t total = 0;
  for (int i = 0; i < store->totalCerts; ++i) {
    const auto& certificate = store->certs[i];
    total += certificate.length;
    if (total > chain_octets_limit) {
      break;
    }
    session.peer_chain.emplace_back(reinterpret_cast<const char*>(certificate.buffer),
                                    certificate.length);
  }
  return 1;
}

int tls_server_name_callback(WOLFSSL* handle, int* /*alert*/, void* /*unused*/) {
  auto& session = *static_cast<TlsSession::Impl*>(wolfSSL_GetIOReadCtx(handle));
  void* name = nullptr;
  const auto size = wolfSSL_SNI_GetRequest(handle, WOLFSSL_SNI_HOST_NAME, &name);
  if (name == nullptr || size == 0) {
    return 0;
  }
  session.facts.server_name.assign(static_cast<const char*>(name), size);
  session.identity = session.context->identity_for(session.facts.server_name);
  if (session.identity != 0) {
    auto* const context = session.context->identities[session.identity].handle.get();
    if (wolfSSL_set_SSL_CTX(handle, context) == nullptr) {
      return fatal_return;
    }
  }
  return 0;
}

int tls_rsa_pss_callback(WOLFSSL* session, const unsigned char* digest, unsigned size,
                         unsigned char* out, unsigned* out_size, int /*hash*/, int /*mask*/,
                         const unsigned char* /*key*/, unsigned /*key_size*/, void* /*unused*/) {
  return hand_out(signer_of(session).sign_pss(view(digest, size)), out, out_size);
}

int tls_rsa_callback(WOLFSSL* session, const unsigned char* digest_info, unsigned size,
                     unsigned char* out, unsigned* out_size, const unsigned char* /*key*/,
                     unsigned /*key_size*/, void* /*unused*/) {
  return hand_out(signer_of(session).sign_pkcs1(view(digest_info, size)), out, out_size);
}

int tls_ticket_callback(WOLFSSL* session, unsigned char* name, unsigned char* iv,
                        unsigned char* mac, int is_sealing, unsigned char* ticket, int size,
                        int* out_size, void* keys) {
  static_assert(TicketKeys::name_octets == WOLFSSL_TICKET_NAME_SZ &&
                TicketKeys::nonce_octets <= WOLFSSL_TICKET_IV_SZ &&
                TicketKeys::tag_octets <= WOLFSSL_TICKET_MAC_SZ);
  const auto& ticket_keys = *static_cast<const TicketKeys*>(keys);
  const TicketKeys::Name name_field(name, TicketKeys::name_octets);
  const TicketKeys::Nonce nonce(iv, TicketKeys::nonce_octets);
  const TicketKeys::Tag tag(mac, TicketKeys::tag_octets);
  const std::span octets(ticket, static_cast<std::size_t>(size));
  *out_size = size;
  if (is_sealing != 0) {
    std::fill(iv + TicketKeys::nonce_octets, iv + WOLFSSL_TICKET_IV_SZ, '\0');
    std::fill(mac + TicketKeys::tag_octets, mac + WOLFSSL_TICKET_MAC_SZ, '\0');
    return ticket_keys.seal(name_field, nonce, tag, octets) ? WOLFSSL_TICKET_RET_OK
                                                            : WOLFSSL_TICKET_RET_FATAL;
  }
  switch (ticket_keys.open(name_field, nonce, tag, octets)) {
    case TicketKeys::Opened::with_newest:
      return WOLFSSL_TICKET_RET_OK;
    case TicketKeys::Opened::with_older:
      // With TLS 1.3 the library takes "and make a new one" for a refusal; there it always makes
      // one.
      return wolfSSL_version(session) == TLS1_3_VERSION ? WOLFSSL_TICKET_RET_OK
                                                        : WOLFSSL_TICKET_RET_CREATE;
    case TicketKeys::Opened::no:
      break;
  }
  return WOLFSSL_TICKET_RET_REJECT;
}

}  // namespace postrider::net
