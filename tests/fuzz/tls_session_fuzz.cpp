#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/net/tls_session.hpp>

// What a server makes of a peer's first octets, and a client of a server's. The first octet says
// who reads and how the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider::net;
  static const auto identity = *make_self_signed_identity({"mail.example.org"});
  static const auto server = *TlsContext::make_server(
      {.identity = identity, .by_name = {}, .alpn = {"smtp"}, .ticket_keys = nullptr});
  static const auto client =
      *TlsContext::make_client({.trust = nullptr, .alpn = {"smtp"}, .identity = {}});
  if (size == 0) {
    return 0;
  }
  const bool is_server = (data[0] & 1) != 0;
  const std::size_t most = 1U + (data[0] >> 1);
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  auto session =
      is_server ? TlsSession::accept(server) : TlsSession::connect(client, "mail.example.org");
  std::string output;
  std::string_view nothing;
  auto step = session->handshake(nothing, output);
  while (step == TlsStep::want_read && !rest.empty()) {
    auto piece = rest.substr(0, most);
    rest.remove_prefix(piece.size());
    step = session->handshake(piece, output);
  }
  return 0;
}
