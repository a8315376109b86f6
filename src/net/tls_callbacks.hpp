#pragma once

#include "tls_library.hpp"

// What the library calls back. The I/O context of each of its sessions is our TlsSession::Impl.
namespace postrider::net {

int tls_receive_callback(WOLFSSL* session, char* buffer, int size, void* impl);
int tls_send_callback(WOLFSSL* session, char* buffer, int size, void* impl);
// Copies the peer's chain; never judges.
int tls_verify_callback(int preverified, WOLFSSL_X509_STORE_CTX* store);
// Chooses the certificate for the name that the client asks for.
int tls_server_name_callback(WOLFSSL* session, int* alert, void* unused);
// Sign for an RSA certificate in the library's stead, which verifies the result with its own key:
// TLS 1.3's way and that of 1.2, whose input is a DigestInfo.
int tls_rsa_pss_callback(WOLFSSL* session, const unsigned char* digest, unsigned size,
                         unsigned char* out, unsigned* out_size, int hash, int mask,
                         const unsigned char* key, unsigned key_size, void* unused);
int tls_rsa_callback(WOLFSSL* session, const unsigned char* digest_info, unsigned size,
                     unsigned char* out, unsigned* out_size, const unsigned char* key,
                     unsigned key_size, void* unused);
int tls_ticket_callback(WOLFSSL* session, unsigned char* name, unsigned char* iv,
                        unsigned char* mac, int is_sealing, unsigned char* ticket, int size,
                        int* out_size, void* keys);

}  // namespace postrider::net
