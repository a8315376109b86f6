#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/base/time.hpp>
#include <postrider/codec/pop3/limits.hpp>
#include <postrider/codec/sasl/line_exchange.hpp>
#include <postrider/codec/smtp/line_framer.hpp>

namespace postrider::pop3 {

// What one listener offers and allows.
struct SessionRules {
  std::string hostname;  // in the greeting
  bool offer_stls = false;
  // Passwords and proofs over a connection without TLS: for a sandbox on loopback only.
  bool auth_without_tls = false;
  // Access tokens are taken, over TLS only.
  std::optional<sasl::TokenHints> tokens;
  // What DELE marks stays where it is: clients that forget "leave on server" lose nothing.
  bool keeps_deleted = false;
  std::uint32_t errors_max = errors_default;
  std::uint32_t auth_failures_max = auth_failures_default;
  Duration login_timeout{std::chrono::minutes(1)};
  Duration idle_timeout{std::chrono::minutes(10)};  // RFC 1939 3: no less
};

// The mailbox as it stood at login: a snapshot, not a lock. Who else changes it does so beside us.
struct Maildrop {
  std::uint32_t validity = 0;       // UIDVALIDITY: with the UID, the unique-id (RFC 1939 7)
  std::vector<std::uint32_t> uids;  // ascending
  std::uint64_t octets = 0;         // of all of them
};

enum class Step : std::uint8_t {
  read,           // send `out`; when the input is empty receive more, within timeout(); next()
  start_tls,      // send `out`, handshake, on_tls_started(); on failure drop the connection
  load_verifier,  // of login().authcid: on_verifier(), made up if there is none
  authenticate,   // login(): on_authenticated()
  open,           // the mailbox of identity(): on_opened() or on_unavailable()
  load_sizes,     // of the messages of wanted(): on_sizes() or on_unavailable()
  send_message,   // `out`, then retrieval() (message_writer.hpp); or on_unavailable()
  remove,         // deleted(), at QUIT: on_removed()
  close,          // send `out`, close
};

// Why what was asked for can't be had.
enum class Trouble : std::uint8_t {
  gone,       // the message: somebody else has expunged it
  temporary,  // the store does not answer: [SYS/TEMP]
  permanent,  // a record can't be read: [SYS/PERM]
};

// One message on its way out.
struct Retrieval {
  std::uint32_t uid = 0;
  std::optional<std::uint32_t> lines;  // of the body, by TOP; nullopt: all of it
};

// From message `first` to message `last`, counted from 0.
struct Numbers {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

// The server's side of POP3 (RFC 1939, 2449, 2595, 5034, 6856): one connection, sans I/O. Input
// comes as views that are consumed from the front, wherever they are cut; replies are appended, so
// that those to one pipelined group go out together (RFC 2449 6.6).
// What was said before STLS is forgotten, and octets that came in the same piece after it end the
// connection (RFC 2595 4).
// Limits: SessionRules and limits.hpp; a connection that oversteps them ends with -ERR.
class Session {
 public:
  struct Facts {
    bool tls = false;  // from the first octet on
    sasl::ChannelBindings bindings;
  };
  // `rules` and `random` outlive the session.
  Session(const SessionRules& rules, Facts facts, Random& random);

  // The greeting. Once, before next().
  void start(std::string& out);
  // Goes on with the input until something has to be asked. Call it again after each answer.
  [[nodiscard]] Step next(std::string_view& input, std::string& out);

  void on_tls_started(sasl::ChannelBindings bindings);
  void on_verifier(const ScramVerifier& verifier, std::string& out);
  void on_authenticated(sasl::LoginAnswer answer, std::string& out);
  void on_opened(Maildrop maildrop, std::string& out);
  void on_unavailable(Trouble trouble, std::string& out);
  // One for each of wanted().
  void on_sizes(std::vector<std::uint64_t> octets, std::string& out);
  // False: not all of them could be removed (RFC 1939 6).
  void on_removed(bool all, std::string& out);

  // timeout() has passed without input: nothing is deleted, the connection closes (RFC 1939 3).
  void on_timeout(std::string& out);
  // We want to stop: likewise.
  void on_shutdown(std::string& out);

  [[nodiscard]] Duration timeout() const;
  [[nodiscard]] sasl::LoginRequest& login() { return login_; }
  [[nodiscard]] const std::string& identity() const { return identity_; }
  [[nodiscard]] Numbers wanted() const { return wanted_; }
  [[nodiscard]] const Retrieval& retrieval() const { return retrieval_; }
  [[nodiscard]] const Maildrop& maildrop() const { return maildrop_; }
  // UIDs, ascending.
  [[nodiscard]] std::vector<std::uint32_t> deleted() const;
  [[nodiscard]] bool is_tls() const { return tls_; }

 private:
  friend struct CommandTable;
  enum class State : std::uint8_t { authorization, transaction, closing };
  // What waits for sizes.
  enum class Waiting : std::uint8_t { none, list_one, list_all, dele };
  using Next = std::optional<Step>;  // nullopt: go on with the input

  Next on_line(smtp::LineFramer::Line line, std::string_view input, std::string& out);
  Next on_exchange_line(std::string_view line, std::string& out);
  Next take_exchange(sasl::LineExchange::Step step, std::string& out);
  void ok(std::string_view text, std::string& out);
  Next refuse(std::string_view text, std::string& out);
  Next hang_up(std::string_view text, std::string& out);
  Next refuse_login(std::string_view text, std::string& out);
  [[nodiscard]] bool may_log_in() const { return tls_ || rules_.auth_without_tls; }
  [[nodiscard]] sasl::MechanismOffer mechanisms() const;
  // Of a message that is there and not deleted; nullopt: refused.
  std::optional<std::uint32_t> number_of(std::string_view argument, std::string& out);
  [[nodiscard]] std::string unique_id(std::uint32_t number) const;
  // Goes on at once if all of them are known.
  Next ask_sizes(Numbers numbers, Waiting waiting, std::string& out);
  void go_on_with_sizes(std::string& out);
  void list_sizes(std::string& out) const;
  void mark_deleted(std::uint32_t number, std::string& out);

  Next command_capa(std::string_view argument, std::string_view input, std::string& out);
  Next command_stls(std::string_view argument, std::string_view input, std::string& out);
  Next command_user(std::string_view argument, std::string_view input, std::string& out);
  Next command_pass(std::string_view argument, std::string_view input, std::string& out);
  Next command_auth(std::string_view argument, std::string_view input, std::string& out);
  Next command_utf8(std::string_view argument, std::string_view input, std::string& out);
  Next command_stat(std::string_view argument, std::string_view input, std::string& out);
  Next command_list(std::string_view argument, std::string_view input, std::string& out);
  Next command_uidl(std::string_view argument, std::string_view input, std::string& out);
  Next command_retr(std::string_view argument, std::string_view input, std::string& out);
  Next command_top(std::string_view argument, std::string_view input, std::string& out);
  Next command_dele(std::string_view argument, std::string_view input, std::string& out);
  Next command_noop(std::string_view argument, std::string_view input, std::string& out);
  Next command_rset(std::string_view argument, std::string_view input, std::string& out);
  Next command_quit(std::string_view argument, std::string_view input, std::string& out);

  const SessionRules& rules_;
  Random& random_;
  bool tls_;
  sasl::ChannelBindings bindings_;
  smtp::LineFramer lines_;
  State state_ = State::authorization;
  bool first_ = true;  // nothing has come yet

  std::string user_;  // by USER
  std::optional<sasl::LineExchange> exchange_;
  sasl::LoginRequest login_;
  std::string identity_;

  Maildrop maildrop_;
  std::vector<bool> is_deleted_;
  std::vector<std::optional<std::uint64_t>> sizes_;  // as far as they are known
  std::uint32_t deleted_count_ = 0;
  std::uint64_t deleted_octets_ = 0;
  Numbers wanted_;
  Waiting waiting_ = Waiting::none;
  Retrieval retrieval_;

  std::uint32_t errors_ = 0;
  std::uint32_t auth_failures_ = 0;
};

}  // namespace postrider::pop3
