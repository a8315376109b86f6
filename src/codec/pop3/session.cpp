#include <array>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/pop3/session.hpp>

namespace postrider::pop3 {

// Which command is legal in which state, and who answers it (RFC 1939, RFC 2449 5).
struct CommandTable {
  using State = Session::State;
  using Handler = Session::Next (Session::*)(std::string_view argument, std::string_view input,
                                             std::string& out);
  enum Where : unsigned { authorization = 1, transaction = 2, both = 3 };
  enum class Argument : std::uint8_t { none, optional, needed };
  struct Row {
    std::string_view name;
    Handler handler;
    Where where;
    Argument argument;
  };
  static constexpr std::array rows = {
      Row{"CAPA", &Session::command_capa, both, Argument::none},
      Row{"STLS", &Session::command_stls, authorization, Argument::none},
      Row{"USER", &Session::command_user, authorization, Argument::needed},
      Row{"PASS", &Session::command_pass, authorization, Argument::needed},
      Row{"AUTH", &Session::command_auth, authorization, Argument::optional},
      Row{"UTF8", &Session::command_utf8, authorization, Argument::none},
      Row{"STAT", &Session::command_stat, transaction, Argument::none},
      Row{"LIST", &Session::command_list, transaction, Argument::optional},
      Row{"UIDL", &Session::command_uidl, transaction, Argument::optional},
      Row{"RETR", &Session::command_retr, transaction, Argument::needed},
      Row{"TOP", &Session::command_top, transaction, Argument::needed},
      Row{"DELE", &Session::command_dele, transaction, Argument::needed},
      Row{"NOOP", &Session::command_noop, transaction, Argument::none},
      Row{"RSET", &Session::command_rset, transaction, Argument::none},
      Row{"QUIT", &Session::command_quit, both, Argument::none},
  };
  static const Row* find(std::string_view name) {
    for (const Row& row : rows) {
      if (equals_ignoring_case(row.name, name)) {
        return &row;
      }
    }
    return nullptr;
  }
  static bool is_legal(const Row& row, State state) {
    const unsigned here = state == State::authorization ? authorization : transaction;
    return (row.where & here) != 0;
  }
};

Session::Session(const SessionRules& rules, Facts facts, Random& random)
    : rules_(rules),
      random_(random),
      tls_(facts.tls),
      bindings_(std::move(facts.bindings)),
      lines_(auth_line_octets_max + 2) {}

void Session::start(std::string& out) {
  ok(rules_.hostname + " POP3 Postrider", out);
}

void Session::ok(std::string_view text, std::string& out) {
  out += "+OK ";
  out += text;
  out += "\r\n";
}

Session::Next Session::refuse(std::string_view text, std::string& out) {
  out += "-ERR ";
  out += text;
  out += "\r\n";
  if (++errors_ >= rules_.errors_max) {
    return hang_up("Too many errors", out);
  }
  return std::nullopt;
}

Session::Next Session::hang_up(std::string_view text, std::string& out) {
  out += "-ERR ";
  out += text;
  out += "\r\n";
  state_ = State::closing;
  return Step::close;
}

Step Session::next(std::string_view& input, std::string& out) {
  while (true) {
    if (state_ == State::closing) {
      return Step::close;
    }
    if (state_ == State::authorization && !identity_.empty()) {
      return Step::open;
    }
    if (out.size() > output_octets_max) {
      return Step::read;
    }
    // A ClientHello (RFC 8446 5.1) never holds a CRLF to speak of: don't wait for one.
    if (std::exchange(first_, first_ && input.empty()) && input.starts_with('\x16')) {
      return *hang_up("This port does not begin with TLS: use STLS, or the other port", out);
    }
    const auto line = lines_.next(input);
    if (!line) {
      return Step::read;
    }
    if (const Next step = on_line(*line, input, out)) {
      return *step;
    }
  }
}

Session::Next Session::on_line(smtp::LineFramer::Line line, std::string_view input,
                               std::string& out) {
  const bool is_exchange = exchange_.has_value() || starts_with_ignoring_case(line.text, "AUTH ");
  const std::size_t limit = is_exchange ? auth_line_octets_max : command_line_octets_max;
  if (line.too_long || line.text.size() + 2 > limit) {
    exchange_.reset();
    return refuse("The line is too long", out);
  }
  if (line.text.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos) {
    exchange_.reset();
    return refuse("NUL, a lone CR or a lone LF in a command", out);
  }
  if (exchange_) {
    return on_exchange_line(line.text, out);
  }
  const std::size_t blank = line.text.find(' ');
  const CommandTable::Row* row = CommandTable::find(line.text.substr(0, blank));
  if (row == nullptr) {
    return refuse("Unknown command: CAPA lists what there is", out);
  }
  if (!CommandTable::is_legal(*row, state_)) {
    return refuse(state_ == State::authorization ? "Log in first" : "Not after login", out);
  }
  // A password may begin or end with a blank (RFC 1939 7): PASS takes all that follows.
  const std::string_view argument =
      blank == std::string_view::npos ? std::string_view() : line.text.substr(blank + 1);
  if (argument.empty() && row->argument == CommandTable::Argument::needed) {
    return refuse("An argument is missing", out);
  }
  if (!argument.empty() && row->argument == CommandTable::Argument::none) {
    return refuse("This command takes no argument", out);
  }
  return (this->*row->handler)(argument, input, out);
}

void Session::on_timeout(std::string& out) {
  (void)hang_up("[SYS/TEMP] You have been silent too long", out);  // next() says close
}

void Session::on_shutdown(std::string& out) {
  (void)hang_up("[SYS/TEMP] The server is going down: come back in a minute", out);
}

Duration Session::timeout() const {
  return state_ == State::authorization ? rules_.login_timeout : rules_.idle_timeout;
}

std::vector<std::uint32_t> Session::deleted() const {
  std::vector<std::uint32_t> uids;
  for (std::size_t i = 0; i < is_deleted_.size(); ++i) {
    if (is_deleted_[i]) {
      uids.push_back(maildrop_.uids[i]);
    }
  }
  return uids;
}

}  // namespace postrider::pop3
