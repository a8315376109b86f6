#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <wolfssl/ssl.h>

#include <postrider/net/tls_error.hpp>

// The only way to wolfSSL in this room: its start-up, owners for its objects, its error texts.
namespace postrider::net {

// Before any other call of the library; any number of times, from any thread.
void start_tls_library();

struct TlsLibraryDeleter {
  void operator()(WOLFSSL_CTX* context) const { wolfSSL_CTX_free(context); }
  void operator()(WOLFSSL* session) const { wolfSSL_free(session); }
  void operator()(WOLFSSL_CERT_MANAGER* manager) const { wolfSSL_CertManagerFree(manager); }
  void operator()(WOLFSSL_SESSION* session) const { wolfSSL_SESSION_free(session); }
};
template <class T>
using TlsHandle = std::unique_ptr<T, TlsLibraryDeleter>;

// "record layer length error": the library's own words for one of its negative codes.
[[nodiscard]] std::string library_error_text(int code);

inline const unsigned char* library_octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace postrider::net
