#include "tls_library.hpp"

#include <array>

#include <postrider/base/assert.hpp>

namespace postrider::net {

void start_tls_library() {
  static const bool started = [] {
    check(wolfSSL_Init() == WOLFSSL_SUCCESS, "the TLS library starts");
    return true;
  }();
  (void)started;  // its initialisation is the effect
}

std::string library_error_text(int code) {
  std::array<char, WOLFSSL_MAX_ERROR_SZ> text{};
  wolfSSL_ERR_error_string_n(static_cast<unsigned long>(static_cast<long>(code)), text.data(),
                             text.size());
  return text.data();
}

}  // namespace postrider::net
