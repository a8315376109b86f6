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
#include <postrider/codec/imap/capability.hpp>
#include <postrider/codec/imap/command.hpp>
#include <postrider/codec/imap/command_framer.hpp>
#include <postrider/codec/imap/command_parser.hpp>
#include <postrider/codec/imap/server_rules.hpp>
#include <postrider/codec/imap/status.hpp>
#include <postrider/codec/sasl/line_exchange.hpp>

namespace postrider::imap {

struct LoginAnswer : sasl::LoginAnswer {
  CapabilitySet hidden;  // what this account is not offered
};

// RFC 9051 3.
enum class ServerState : std::uint8_t { not_authenticated, authenticated, selected, logout };

// What ENABLE, and the commands that imply it, have switched on (RFC 5161, RFC 7162 3.1).
struct Enabled {
  bool imap4rev2 = false;
  bool utf8 = false;
  bool condstore = false;
  bool qresync = false;
  bool metadata = false;
  friend bool operator==(const Enabled&, const Enabled&) = default;
};

// What the driver does next. Responses stand in `out` before each of them.
enum class ServerStep : std::uint8_t {
  read,               // send `out`; when the input is empty receive more, within timeout(); next().
                      // While is_idling(), changes are told at once.
  start_tls,          // send `out`, handshake, on_tls_started(); on failure drop the connection
  load_verifier,      // of auth_request().authcid: on_verifier(), made up if there is none
  authenticate,       // auth_request(): on_authenticated()
  open_message,       // append().messages.back(), for append().mailbox: on_message_opened()
  append_octets,      // piece(): next(), or on_append_refused() first
  close_message,      // that message is whole: next(), or on_append_refused() first
  drop_messages,      // forget what open_message opened for this command: next()
  execute,            // command(): write its untagged responses to `out`, then on_done()
  start_compression,  // send `out`, compress both ways from here on: next() (RFC 4978 3)
  close,              // send `out`, close
};

// The server's side of IMAP (RFC 9051, RFC 3501): one connection, sans I/O. Input comes as views
// that are consumed from the front, wherever they are cut. Commands are executed one at a time, in
// the order in which they came; what needs no store (CAPABILITY, ID, ENABLE, STARTTLS,
// AUTHENTICATE, LOGIN, LOGOUT, the begin of IDLE and COMPRESS) is done here.
//
// What was said before STARTTLS is forgotten, and octets that came in the same piece after it end
// the connection (RFC 9051 6.2.1).
// Limits: ServerRules and limits.hpp.
class ServerSession {
 public:
  struct Facts {
    bool tls = false;  // from the first octet on (implicit TLS)
    sasl::ChannelBindings bindings;
  };
  // `rules` and `random` outlive the session.
  ServerSession(const ServerRules& rules, Facts facts, Random& random);

  // The greeting. Once, before next().
  void start(std::string& out);
  // Goes on with the input until something has to be asked. Call it again after each answer.
  [[nodiscard]] ServerStep next(std::string_view& input, std::string& out);

  void on_tls_started(sasl::ChannelBindings bindings);
  void on_verifier(const ScramVerifier& verifier, std::string& out);
  void on_authenticated(LoginAnswer answer, std::string& out);
  // nullopt: its octets may come. Else the answer to the whole command (NO or BAD).
  void on_message_opened(std::optional<Status> refusal, std::string& out);
  // The rest of the command is read and dropped, then this is the answer. drop_messages comes.
  void on_append_refused(Status refusal, std::string& out);
  // The end of command(). A SELECT that fails leaves no mailbox selected (RFC 9051 6.3.2).
  void on_done(Status status, std::string& out);
  // The selected mailbox is gone.
  void on_unselected();

  // timeout() has passed: BYE, then `close`.
  void on_timeout(std::string& out);
  // We want to stop. True: now, with BYE in `out`. False: a command is under way; the connection
  // ends after it.
  [[nodiscard]] bool on_shutdown(std::string& out);

  // Before login it is for all that comes before it, afterwards from one piece of input to the
  // next.
  [[nodiscard]] Duration timeout() const;
  [[nodiscard]] bool is_idling() const { return mode_ == Mode::idle; }
  // Untagged responses may be said unasked (RFC 5465 3.1): the next command is awaited.
  [[nodiscard]] bool is_between_commands() const {
    return mode_ == Mode::command && state_ != ServerState::not_authenticated;
  }
  // Valid until on_done().
  [[nodiscard]] const Command& command() const { return command_; }
  [[nodiscard]] const AppendArguments& append() const { return append_->arguments(); }
  // What is replaced by it (RFC 8508), without the message; nullopt: it is an APPEND.
  [[nodiscard]] std::optional<ReplaceArguments> replaced() const { return append_->replaced(); }
  // Valid as long as the input.
  [[nodiscard]] std::string_view piece() const { return piece_; }
  [[nodiscard]] const sasl::LoginRequest& auth_request() const { return auth_request_; }
  [[nodiscard]] ServerState state() const { return state_; }
  [[nodiscard]] const std::string& identity() const { return identity_; }
  [[nodiscard]] const Enabled& enabled() const { return enabled_; }
  [[nodiscard]] NameForm name_form() const;
  [[nodiscard]] bool is_tls() const { return tls_; }
  [[nodiscard]] bool is_compressed() const { return compressed_; }
  [[nodiscard]] bool offers(Capability capability) const;
  [[nodiscard]] std::string capabilities() const;
  // What the client said in ID.
  [[nodiscard]] const IdArguments& client_id() const { return client_id_; }

 private:
  enum class Mode : std::uint8_t { command, auth, idle, append, executing, closing };
  using Next = std::optional<ServerStep>;  // nullopt: go on with the input
  using Event = CommandFramer::Event;

  void say(std::string_view tag, const Status& status, std::string& out);
  // say(), counted; closes after too many.
  Next complain(std::string_view tag, const Status& status, std::string& out);
  Next hang_up(std::string_view code, std::string_view text, std::string& out);
  Next on_event(const Event& event, std::string_view input, std::string& out);
  Next on_refused(const Event& event, std::string& out);
  Next on_text(std::string_view text, std::string_view input, std::string& out);
  Next on_literal(const Event& event, std::string& out);
  Next on_append_literal(const Event& event, std::string& out);
  Next on_append_end(std::string_view text, std::string& out);
  Next refuse_append(Status refusal, std::string& out);
  Next refuse_literal(std::string_view tag, Status refusal, std::string& out);
  Next keep_literal(std::string_view tag, const LiteralHeader& literal, std::string& out);
  // Why the command may not be said now; nullopt: it may.
  [[nodiscard]] std::optional<Status> judge(std::string_view name, bool uid) const;
  [[nodiscard]] std::optional<Status> judge_arguments(const Command& command) const;
  [[nodiscard]] std::optional<Status> judge_message(const LiteralHeader& literal) const;
  Next run(std::string_view input, std::string& out);
  Next execute();

  Next run_capability(std::string& out);
  Next run_id(std::string& out);
  Next run_enable(std::string& out);
  Next run_logout(std::string& out);
  Next run_idle(std::string& out);
  Next run_compress(std::string_view input, std::string& out);
  Next run_starttls(std::string_view input, std::string& out);
  Next run_login(std::string& out);
  Next run_authenticate(std::string& out);
  Next on_auth_line(std::string_view line, std::string& out);
  Next take_exchange(sasl::LineExchange::Step step, std::string& out);
  Next refuse_auth(const Status& status, std::string& out);
  [[nodiscard]] bool may_authenticate() const;
  [[nodiscard]] sasl::MechanismOffer mechanisms() const;
  void set_limits();

  const ServerRules& rules_;
  Random& random_;
  bool tls_;
  bool compressed_ = false;
  sasl::ChannelBindings bindings_;
  CommandFramer framer_;
  ServerState state_ = ServerState::not_authenticated;
  Mode mode_ = Mode::command;
  bool first_ = true;  // nothing has come yet

  Command command_;
  // While one of them comes; an idle session has none.
  std::unique_ptr<AppendParser> append_;
  std::string append_tag_;
  std::string_view piece_;
  bool may_hold_nul_ = false;
  bool append_waits_ = false;      // the client waits for our word about the literal
  bool message_opened_ = false;    // one at least, of this command
  bool drop_ = false;              // drop_messages is due
  std::optional<Status> refusal_;  // the answer to what is read and dropped

  std::string identity_;
  std::unique_ptr<sasl::LineExchange> exchange_;  // of the login that is under way
  sasl::LoginRequest auth_request_;
  Enabled enabled_;
  CapabilitySet hidden_of_account_;
  CapabilitySet hidden_of_client_;
  IdArguments client_id_;

  std::uint32_t errors_ = 0;  // in a row
  std::uint32_t login_commands_ = 0;
  std::uint32_t auth_failures_ = 0;
  bool shutting_down_ = false;
};

}  // namespace postrider::imap
