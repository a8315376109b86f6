#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/base/scram_hash.hpp>
#include <postrider/codec/sasl/line_exchange.hpp>
#include <postrider/codec/smtp/data_framer.hpp>
#include <postrider/codec/smtp/line_framer.hpp>
#include <postrider/codec/smtp/parameters.hpp>
#include <postrider/codec/smtp/path.hpp>
#include <postrider/codec/smtp/reply.hpp>
#include <postrider/codec/smtp/server_rules.hpp>
#include <postrider/codec/smtp/xclient.hpp>

namespace postrider::smtp {

struct ServerRecipient {
  Path path;  // never without a domain
  RcptParameters parameters;
};
// What MAIL and RCPT have said and was accepted.
struct ServerTransaction {
  Path reverse_path;
  MailParameters mail;
  std::vector<ServerRecipient> recipients;
};

// A sender or a recipient that the session itself has refused, as it was said if it is no address.
struct ServerRefusal {
  std::string from;
  std::string to;  // empty: the sender was refused
  Reply reply;
};
// Kept until take_refusals(): one pipelined group may have thousands.
inline constexpr std::size_t refusals_kept_max = 100;

// What the driver does next. Replies stand in `out` before each of them.
enum class ServerStep : std::uint8_t {
  read,             // send `out`; when the input is empty receive more, within timeout(); next()
  start_tls,        // send `out`, handshake, on_tls_started(); on failure drop the connection
  load_verifier,    // of auth_request().authcid: on_verifier(), made up if there is none
  authenticate,     // auth_request(): on_authenticated()
  change_client,    // to what xclient() says: on_client_changed()
  check_sender,     // transaction().reverse_path: on_sender_checked()
  check_recipient,  // recipient(): on_recipient_checked()
  open_message,     // for transaction(): on_opened()
  append_body,      // body(): next(), or on_body_refused() first
  commit,           // on_committed()
  drop_message,     // forget what open_message opened: next()
  close,            // send `out`, close
};

// The server's side of ESMTP (RFC 5321) and LMTP (RFC 2033): one connection, sans I/O. Input comes
// as views that are consumed from the front, wherever they are cut; replies are appended, so that
// those to one pipelined group go out together (RFC 2920).
//
// What was said before STARTTLS is forgotten, and octets that came in the same piece after it end
// the connection (RFC 3207 4 and 4.2). Each refusal is a row of one table (server_replies.hpp) or
// the policy's own Reply.
// Limits: ServerRules and limits.hpp; the answer is 421 where the connection must end. A refusal
// that is 421 ends it too.
class ServerSession {
 public:
  struct Facts {
    bool trusted = false;  // of an allowed network
    bool tls = false;      // from the first octet on (implicit TLS)
    bool xclient = false;  // may speak for others (XCLIENT)
    sasl::ChannelBindings bindings;
  };
  // `rules` and `random` outlive the session.
  ServerSession(const ServerRules& rules, Facts facts, Random& random);

  // The greeting. Once, before next().
  void start(std::string& out);
  // Goes on with the input until something has to be asked. Call it again after each answer.
  [[nodiscard]] ServerStep next(std::string_view& input, std::string& out);

  void on_tls_started(sasl::ChannelBindings bindings);
  // The session begins anew, with the greeting, for the client that was named.
  void on_client_changed(bool trusted, std::string& out);
  void on_verifier(const ScramVerifier& verifier, std::string& out);
  void on_authenticated(sasl::LoginAnswer answer, std::string& out);
  // nullopt: accepted. Else the refusal (4yz or 5yz).
  void on_sender_checked(const std::optional<Reply>& refusal, std::string& out);
  void on_recipient_checked(const std::optional<Reply>& refusal, std::string& out);
  void on_opened(const std::optional<Reply>& refusal, std::string_view rest_of_input,
                 std::string& out);
  // The rest of the content is read and dropped, then this is the answer. The driver has forgotten
  // the message.
  void on_body_refused(Reply refusal);
  // `id`: said to the peer. Else the refusal.
  void on_committed(Result<std::string, Reply> id, std::string& out);

  // What MAIL and RCPT were refused for since the last time, without anybody having been asked: no
  // address, relaying, too many recipients. Commands out of order are not among it.
  [[nodiscard]] std::vector<ServerRefusal> take_refusals() { return std::exchange(refusals_, {}); }

  // timeout() has passed without input: 421, then `close`.
  void on_timeout(std::string& out);
  // We want to stop. True: now, with 421 in `out`. False: a transaction is under way; the
  // connection ends after it.
  [[nodiscard]] bool on_shutdown(std::string& out);

  [[nodiscard]] Duration timeout() const;
  // A command or an answer to AUTH has begun and not ended: timeout() is for the whole of it.
  [[nodiscard]] bool is_inside_line() const;
  [[nodiscard]] const ServerTransaction& transaction() const { return transaction_; }
  [[nodiscard]] const ServerRecipient& recipient() const { return pending_recipient_; }
  [[nodiscard]] const sasl::LoginRequest& auth_request() const { return auth_request_; }
  [[nodiscard]] const Xclient& xclient() const { return xclient_; }
  // Content without dot-stuffing; valid as long as the input.
  [[nodiscard]] std::string_view body() const { return body_; }
  [[nodiscard]] const std::string& helo() const { return helo_; }
  [[nodiscard]] const std::string& identity() const { return identity_; }
  [[nodiscard]] bool is_tls() const { return tls_; }
  // RFC 3848, RFC 6531 4.3: "ESMTPSA", "UTF8SMTPS", "SMTP", "LMTP".
  [[nodiscard]] std::string protocol() const;
  [[nodiscard]] std::uint32_t messages() const { return messages_; }
  [[nodiscard]] std::uint32_t errors() const { return errors_; }

 private:
  friend struct VerbTable;
  enum class Mode : std::uint8_t { command, auth, data, chunk, closing };
  using Next = std::optional<ServerStep>;  // nullopt: go on with the input

  void say(Reply reply, std::string& out);
  Next complain(Reply reply, std::string& out);  // say(), counted; closes after too many
  Next hang_up(Reply reply, std::string& out);
  Next refuse(Reply reply, std::string& out);  // complain(), or hang_up() if it is 421
  Next refuse_sender(std::string_view said, Reply reply, std::string& out);
  void note_refused_recipient(std::string to, const Reply& reply);
  Next refuse_recipient(std::string to, Reply reply, std::string& out);
  Next on_line(LineFramer::Line line, std::string_view input, std::string& out);
  Next on_command(std::string_view line, std::string_view input, std::string& out);
  Next on_data(std::string_view& input, std::string& out);
  Next on_chunk(std::string_view& input, std::string& out);
  Next take_body(std::string_view octets);
  Next end_content(std::string& out);
  Next answer_content(const Reply& reply, std::string& out);
  Next count_idle(Next next, std::string& out);
  void end_transaction();
  [[nodiscard]] bool may_send() const;
  [[nodiscard]] bool may_authenticate() const;
  [[nodiscard]] sasl::MechanismOffer mechanisms() const;
  [[nodiscard]] OfferedParameters offered() const;

  enum class Hello : std::uint8_t { helo, ehlo, lhlo };
  Next hello(std::string_view argument, std::string& out, Hello verb);
  [[nodiscard]] std::string offers() const;
  Next verb_ehlo(std::string_view argument, std::string_view input, std::string& out);
  Next verb_helo(std::string_view argument, std::string_view input, std::string& out);
  Next verb_lhlo(std::string_view argument, std::string_view input, std::string& out);
  Next verb_xclient(std::string_view argument, std::string_view input, std::string& out);
  Next verb_mail(std::string_view argument, std::string_view input, std::string& out);
  Next verb_rcpt(std::string_view argument, std::string_view input, std::string& out);
  Next verb_data(std::string_view argument, std::string_view input, std::string& out);
  Next verb_bdat(std::string_view argument, std::string_view input, std::string& out);
  Next verb_rset(std::string_view argument, std::string_view input, std::string& out);
  Next verb_noop(std::string_view argument, std::string_view input, std::string& out);
  Next verb_vrfy(std::string_view argument, std::string_view input, std::string& out);
  Next verb_help(std::string_view argument, std::string_view input, std::string& out);
  Next verb_quit(std::string_view argument, std::string_view input, std::string& out);
  Next verb_starttls(std::string_view argument, std::string_view input, std::string& out);
  Next verb_auth(std::string_view argument, std::string_view input, std::string& out);
  Next verb_not_implemented(std::string_view argument, std::string_view input, std::string& out);
  Next verb_of_http(std::string_view argument, std::string_view input, std::string& out);

  Next on_auth_line(std::string_view line, std::string& out);
  Next take_exchange(sasl::LineExchange::Step step, std::string& out);
  Next refuse_auth(Reply reply, std::string& out);

  const ServerRules& rules_;
  Random& random_;
  bool trusted_;
  const bool may_change_client_;
  bool tls_;
  sasl::ChannelBindings bindings_;

  LineFramer lines_;
  DataFramer data_;
  ChunkFramer chunk_;
  Mode mode_ = Mode::command;
  bool first_ = true;  // nothing has come yet

  std::string helo_;
  bool extended_ = false;  // EHLO
  std::string identity_;
  std::optional<sasl::LineExchange> exchange_;
  sasl::LoginRequest auth_request_;
  Xclient xclient_;

  bool has_mail_ = false;
  ServerTransaction transaction_;
  ServerRecipient pending_recipient_;
  std::string_view body_;
  bool message_open_ = false;
  bool chunking_ = false;  // BDAT has begun in this transaction
  bool last_chunk_ = false;
  bool chunk_waits_ = false;  // a chunk waits for the answer to open_message
  bool drop_ = false;         // drop_message is due
  std::uint64_t chunk_octets_ = 0;
  std::uint64_t content_octets_ = 0;
  std::optional<Reply> refusal_;  // the answer to content that is read and dropped

  std::vector<ServerRefusal> refusals_;

  std::uint32_t errors_ = 0;
  std::uint32_t idle_commands_ = 0;
  std::uint32_t messages_ = 0;
  std::uint32_t auth_failures_ = 0;
  bool shutting_down_ = false;
};

}  // namespace postrider::smtp
