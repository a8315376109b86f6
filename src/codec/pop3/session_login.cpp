// From the greeting to the open mailbox: CAPA, STLS, USER, PASS, AUTH, UTF8.
#include <utility>

#include <postrider/base/hmac.hpp>
#include <postrider/codec/pop3/session.hpp>
#include <postrider/codec/sasl/prepare.hpp>

namespace postrider::pop3 {

namespace {

std::string_view refusal_of(sasl::LoginVerdict verdict) {
  switch (verdict) {
    case sasl::LoginVerdict::rejected:
      return "[AUTH] Wrong name or password";
    case sasl::LoginVerdict::disabled:
      return "[AUTH] This account may not log in here: ask its postmaster";
    case sasl::LoginVerdict::throttled:
      return "[SYS/TEMP] Too many failures: try again later";
    case sasl::LoginVerdict::too_many:
      return "[IN-USE] Too many connections of this account";
    case sasl::LoginVerdict::accepted:
    case sasl::LoginVerdict::temporary:
      break;
  }
  return "[SYS/TEMP] Logins can't be checked now: try again later";
}

}  // namespace

sasl::MechanismOffer Session::mechanisms() const {
  return {.binding = bindings_.is_any(), .tokens = tls_ && rules_.tokens.has_value()};
}

// RFC 2449 5. Nothing is announced that would be refused now.
Session::Next Session::command_capa(std::string_view, std::string_view, std::string& out) {
  ok("What there is", out);
  out +=
      "TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\n"
      "UTF8 USER\r\n";
  if (rules_.offer_stls && !tls_) {
    out += "STLS\r\n";
  }
  if (may_log_in()) {
    out += "USER\r\nSASL" + sasl::list_mechanisms(mechanisms(), " ", "") + "\r\n";
  }
  out += "IMPLEMENTATION Postrider\r\n.\r\n";
  return std::nullopt;
}

Session::Next Session::command_stls(std::string_view, std::string_view input, std::string& out) {
  if (tls_) {
    return refuse("TLS is on already", out);
  }
  if (!rules_.offer_stls) {
    return refuse("STLS is not offered here", out);
  }
  if (!input.empty()) {
    return hang_up("Commands came behind STLS, before the handshake", out);
  }
  ok("Begin TLS now", out);
  return Step::start_tls;
}

void Session::on_tls_started(sasl::ChannelBindings bindings) {
  tls_ = true;
  bindings_ = std::move(bindings);
  lines_.reset();
  user_.clear();
  errors_ = 0;
}

Session::Next Session::command_user(std::string_view argument, std::string_view, std::string& out) {
  if (!may_log_in()) {
    return refuse("[AUTH] Only over TLS: begin with STLS", out);
  }
  user_ = argument;
  ok("Now the password", out);  // whether there is such a user is not told
  return std::nullopt;
}

Session::Next Session::command_pass(std::string_view argument, std::string_view, std::string& out) {
  if (user_.empty()) {
    return refuse("USER comes first", out);
  }
  const auto name = sasl::prepare(std::exchange(user_, {}));
  auto password = sasl::prepare(argument);
  if (!name || !password) {
    return refuse_login("[AUTH] Wrong name or password", out);
  }
  login_ = {};
  login_.authcid = *name;
  login_.password = *std::move(password);
  return Step::authenticate;
}

Session::Next Session::command_auth(std::string_view argument, std::string_view, std::string& out) {
  if (!may_log_in()) {
    return refuse("[AUTH] Only over TLS: begin with STLS", out);
  }
  if (argument.empty()) {  // what clients did before CAPA: a list of mechanisms
    ok("What there is", out);
    out += sasl::list_mechanisms(mechanisms(), "", "\r\n") + ".\r\n";
    return std::nullopt;
  }
  const std::size_t blank = argument.find(' ');
  const auto mechanism = sasl::parse_mechanism(argument.substr(0, blank));
  if (!mechanism || !sasl::is_offered(*mechanism, mechanisms())) {
    return refuse("No such mechanism: CAPA lists them", out);
  }
  exchange_.emplace(
      sasl::ServerExchange::Options{.mechanism = *mechanism,
                                    .bindings = bindings_,
                                    .plus_offered = bindings_.is_any(),
                                    .token_hints = rules_.tokens.value_or(sasl::TokenHints{})},
      random_);
  std::optional<std::string_view> initial;
  if (blank != std::string_view::npos) {
    initial = argument.substr(blank + 1);
  }
  return take_exchange(exchange_->start(initial), out);
}

Session::Next Session::on_exchange_line(std::string_view line, std::string& out) {
  return take_exchange(exchange_->on_line(line), out);
}

Session::Next Session::take_exchange(sasl::LineExchange::Step step, std::string& out) {
  using Step_ = sasl::LineExchange::Step;
  switch (step) {
    case Step_::challenge:
      out += "+ " + exchange_->challenge() + "\r\n";
      return std::nullopt;
    case Step_::look_up:
      login_ = exchange_->request();
      return Step::load_verifier;
    case Step_::ask:
      login_ = std::move(exchange_->request());
      return Step::authenticate;
    case Step_::cancelled:
      return refuse_login("The login was given up", out);
    case Step_::bad_base64:
      return refuse_login("That is no base64", out);
    case Step_::malformed:
      return refuse_login("Not what the mechanism wants", out);
    case Step_::concluded:
      return refuse_login(refusal_of(exchange_->verdict()), out);
    case Step_::refused:
      return refuse_login("[AUTH] Wrong name or password", out);
  }
  return refuse_login("[AUTH] Wrong name or password", out);
}

void Session::on_verifier(const ScramVerifier& verifier, std::string& out) {
  (void)take_exchange(exchange_->on_verifier(verifier), out);  // a challenge, always
}

void Session::on_authenticated(sasl::LoginAnswer answer, std::string& out) {
  wipe(login_.password.data(), login_.password.size());
  wipe(login_.token.data(), login_.token.size());
  login_ = {};
  if (answer.verdict == sasl::LoginVerdict::accepted) {
    exchange_.reset();
    identity_ = std::move(answer.identity);  // next() asks to open the mailbox
  } else if (exchange_ && exchange_->refuse(answer.verdict)) {
    out += "+ " + exchange_->challenge() + "\r\n";
  } else {
    (void)refuse_login(refusal_of(answer.verdict), out);  // a hang-up shows in the state
  }
}

Session::Next Session::refuse_login(std::string_view text, std::string& out) {
  exchange_.reset();
  login_ = {};
  if (++auth_failures_ >= rules_.auth_failures_max) {
    return hang_up(text, out);
  }
  return refuse(text, out);
}

// RFC 6856 2: names and passwords are read as UTF-8 with it and without; messages go out as they
// are in either case.
Session::Next Session::command_utf8(std::string_view, std::string_view, std::string& out) {
  ok("UTF-8 it is", out);
  return std::nullopt;
}

void Session::on_opened(Maildrop maildrop, std::string& out) {
  maildrop_ = std::move(maildrop);
  is_deleted_.assign(maildrop_.uids.size(), false);
  state_ = State::transaction;
  errors_ = 0;
  ok(std::to_string(maildrop_.uids.size()) + " messages", out);
}

}  // namespace postrider::pop3
