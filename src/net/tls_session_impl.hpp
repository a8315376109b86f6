#pragma once

#include "tls_context_impl.hpp"
#include "tls_record_guard.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/net/tls_session.hpp>

namespace postrider::net {

class TlsResumption {
 public:
  TlsHandle<WOLFSSL_SESSION> session;
  std::shared_ptr<const TlsContext::Impl> context;
  std::string server_name;
  // What the first handshake found out: a resumed one shows no certificate.
  std::vector<std::string> peer_chain;
  bool is_verified = false;
  std::string verify_error;
};

struct TlsSession::Impl {
  enum class State : std::uint8_t { handshaking, established, closed, failed };

  std::shared_ptr<const TlsContext::Impl> context;
  TlsHandle<WOLFSSL> handle;
  State state = State::handshaking;
  // Set during a call only.
  std::string_view* input = nullptr;
  std::string* output = nullptr;

  TlsRecordGuard guard;
  TlsRecordGuard::Verdict guard_verdict = TlsRecordGuard::Verdict::pass;
  std::size_t identity = 0;                      // a server's: which one is shown
  std::string server_name;                       // a client's: for SNI and PKIX
  std::shared_ptr<const TlsResumption> offered;  // until the handshake is done
  bool is_resumption_offered = false;
  std::vector<std::string> peer_chain;
  std::optional<std::string> exporter;  // channel bindings
  std::optional<std::string> end_point;
  TlsFacts facts;
  std::optional<TlsError> error;
};

}  // namespace postrider::net
