#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/base/time.hpp>
#include <postrider/codec/sasl/mechanism.hpp>
#include <postrider/codec/smtp/client_capabilities.hpp>
#include <postrider/codec/smtp/parameters.hpp>
#include <postrider/codec/smtp/reply.hpp>

namespace postrider::smtp {

enum class ClientProtocol : std::uint8_t { smtp, lmtp };

// RFC 5321 4.5.3.2: how long a client waits for what.
struct ClientTimeouts {
  Duration greeting{std::chrono::minutes(5)};
  Duration hello{std::chrono::minutes(5)};
  Duration mail{std::chrono::minutes(5)};
  Duration rcpt{std::chrono::minutes(5)};
  Duration data_start{std::chrono::minutes(2)};
  Duration data_block{std::chrono::minutes(3)};  // each piece of the content sent
  Duration data_end{std::chrono::minutes(10)};
  Duration other{std::chrono::minutes(2)};  // STARTTLS, AUTH, RSET
};

struct ClientSettings {
  ClientProtocol protocol = ClientProtocol::smtp;
  std::string own_name;  // for EHLO, HELO, LHLO
  enum class Tls : std::uint8_t { off, opportunistic, required };
  Tls tls = Tls::opportunistic;
  std::string username;  // empty: no AUTH
  std::string password;
  bool plain_auth = false;   // a password may cross a connection without TLS
  Random* random = nullptr;  // for AUTH; outlives the session
  ClientTimeouts timeouts;
};

struct ClientRecipient {
  std::string address;
  RcptParameters parameters;
};

struct ClientTransaction {
  std::string reverse_path;
  Ret ret = Ret::absent;
  std::string envid;  // decoded
  std::uint64_t size_octets = 0;
  bool eight_bit = false;
  bool smtputf8 = false;     // the header or the reverse path needs it (RFC 6531)
  bool require_tls = false;  // RFC 8689; a server that does not offer it is not told
  std::vector<ClientRecipient> recipients;
};

struct RecipientOutcome {
  enum class Kind : std::uint8_t {
    undecided,  // nobody has answered for it: another host may be asked
    accepted,   // RCPT was accepted, the content has not been answered
    crowded,    // 452 4.5.3: belongs into the next transaction on this connection
    delivered,
    deferred,  // 4yz
    failed,    // 5yz, or a finding of ours (RFC 1870, 6152, 6531)
  };
  Kind kind = Kind::undecided;
  Reply reply;
  bool own = false;  // `reply` is our own finding, not the peer's words
};

// Why a conversation ended that was not to end.
struct ClientFailure {
  enum class Stage : std::uint8_t { greeting, hello, tls, auth, transaction };
  Stage stage = Stage::greeting;
  Reply reply;       // 421 wherever it came; what was refused; or a finding of ours
  bool own = false;  // `reply` is our own finding
};

// What the driver does next. Octets to send stand in `out` before each of them.
enum class ClientStep : std::uint8_t {
  receive,    // flush, give the next reply to on_reply() within timeout()
  start_tls,  // handshake, then on_tls_started(); on failure drop the connection
  ready,      // begin() a transaction, quit(), or keep the connection for later
  send_body,  // give the next piece of the content to send_body()
  done,       // the transaction has ended: outcomes() are complete; then as `ready`
  closed,     // flush without waiting for an answer, close; see failure()
};

// The client's side of SMTP (RFC 5321) and LMTP (RFC 2033): one connection, any number of
// transactions after one another. Commands are sent in one group where the server offers PIPELINING
// (RFC 2920), the content by BDAT where it offers CHUNKING (RFC 3030). Nothing is converted: what
// the server can't take fails with the code that RFC 1870, 6152 or 6531 wants.
class ClientSession {
 public:
  explicit ClientSession(ClientSettings settings);
  ClientSession(ClientSession&&) noexcept;
  ClientSession& operator=(ClientSession&&) noexcept;
  ~ClientSession();

  // After connecting: the greeting is awaited.
  [[nodiscard]] ClientStep start();
  [[nodiscard]] ClientStep on_reply(const Reply& reply, std::string& out);
  // After the handshake: what was said before does not count (RFC 3207 4.2).
  [[nodiscard]] ClientStep on_tls_started(std::string& out, sasl::ChannelBindings bindings = {});

  // In `ready` or after `done`. `done` at once if nobody is left to ask. `content`: all of it, to
  // ride in one group with MAIL and RCPT; only where can_send_at_once().
  [[nodiscard]] ClientStep begin(ClientTransaction transaction, std::string& out,
                                 std::optional<std::string_view> content = std::nullopt);
  // BDAT may stand in a group behind RCPT (RFC 3030 4.2), DATA's content never (RFC 2920 3.1). With
  // LMTP the number of answers would be unknown.
  [[nodiscard]] bool can_send_at_once() const {
    return capabilities_.pipelining && capabilities_.chunking && !is_lmtp();
  }
  // In `send_body`. Pieces of any size, cut anywhere; `last` may be empty. What is left of `piece`
  // goes out as it stands, behind `out`: all of it by BDAT, nothing by DATA, whose content is
  // dot-stuffed and ends in CRLF.
  [[nodiscard]] ClientStep send_body(std::string_view& piece, bool last, std::string& out);
  // In `send_body` or before: the content can't be had. The connection is of no more use.
  void abandon();
  // RFC 5321 4.1.1.10; the answer is not waited for.
  void quit(std::string& out);

  // For the reply that is awaited, or the piece of content that is being sent.
  [[nodiscard]] Duration timeout() const;
  [[nodiscard]] const Capabilities& capabilities() const { return capabilities_; }
  // As in ClientTransaction::recipients; valid until the next begin().
  [[nodiscard]] const std::vector<RecipientOutcome>& outcomes() const { return outcomes_; }
  [[nodiscard]] const std::optional<ClientFailure>& failure() const { return failure_; }
  // The end of the content has been handed out and its answer is not complete: if the connection
  // breaks now, the peer may have taken the message.
  [[nodiscard]] bool is_content_sent() const { return content_sent_; }
  // For logs: what was awaited when a connection broke.
  [[nodiscard]] std::string_view awaited() const;

 private:
  enum class Await : std::uint8_t {
    nothing,
    greeting,
    hello,
    helo,
    starttls,
    auth,
    rset,
    mail,
    rcpt,
    data,
    bdat,
    final,
    ignored,  // the answer to the lone dot that ends a DATA nobody wanted
  };
  struct Expected {
    Await what = Await::nothing;
    std::size_t recipient = 0;
  };
  struct Authentication;

  [[nodiscard]] ClientStep say_hello(std::string& out);
  [[nodiscard]] ClientStep on_greeting(const Reply& reply, std::string& out);
  [[nodiscard]] ClientStep on_hello(const Reply& reply, std::string& out);
  [[nodiscard]] ClientStep on_helo(const Reply& reply, std::string& out);
  [[nodiscard]] ClientStep after_hello(std::string& out);
  [[nodiscard]] ClientStep on_starttls(const Reply& reply, std::string& out);
  [[nodiscard]] ClientStep start_auth(std::string& out);
  [[nodiscard]] ClientStep on_auth(const Reply& reply, std::string& out);
  [[nodiscard]] ClientStep fail(ClientFailure::Stage stage, Reply reply, bool own,
                                std::string& out);
  [[nodiscard]] ClientStep on_busy(Await answered, const Reply& reply);

  [[nodiscard]] bool refuse_beforehand();
  void write_mail(std::string& out);
  void write_rcpt(std::size_t recipient, std::string& out);
  [[nodiscard]] ClientStep write_next(std::string& out);
  [[nodiscard]] ClientStep on_transaction_reply(Expected expected, const Reply& reply,
                                                std::string& out);
  void on_rcpt(std::size_t recipient, const Reply& reply);
  [[nodiscard]] ClientStep after_rcpt(std::string& out);
  [[nodiscard]] ClientStep on_data(const Reply& reply, std::string& out);
  [[nodiscard]] ClientStep on_bdat(const Reply& reply);
  [[nodiscard]] ClientStep on_final(std::size_t recipient, const Reply& reply);
  [[nodiscard]] ClientStep protocol_error(const Reply& reply);
  static void write_bdat(std::size_t octets, bool last, std::string& out);
  void expect_final_replies();
  void forget_accepted();
  void settle_open(RecipientOutcome::Kind kind, const Reply& reply, bool own);
  [[nodiscard]] bool has(RecipientOutcome::Kind kind) const;
  [[nodiscard]] bool is_lmtp() const { return settings_.protocol == ClientProtocol::lmtp; }
  void expect(Await what, std::size_t recipient = 0) { expected_.push_back({what, recipient}); }

  ClientSettings settings_;
  Capabilities capabilities_;
  std::deque<Expected> expected_;
  std::unique_ptr<Authentication> authentication_;
  std::optional<ClientFailure> failure_;
  bool tls_active_ = false;
  sasl::ChannelBindings bindings_;
  bool tls_refused_ = false;  // STARTTLS was answered by something else than 220

  ClientTransaction transaction_;
  std::vector<RecipientOutcome> outcomes_;
  std::vector<std::size_t> asked_;  // recipients that go into RCPT commands
  std::size_t next_rcpt_ = 0;       // in asked_, without pipelining
  bool needs_reset_ = false;        // a transaction was left open at the server
  bool mail_refused_ = false;
  bool uses_bdat_ = false;
  bool in_body_ = false;
  bool at_line_start_ = true;
  bool content_sent_ = false;
};

}  // namespace postrider::smtp
