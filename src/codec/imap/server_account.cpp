// The commands that need no store, and authentication (RFC 9051 6.1 and 6.2).
#include "server_says.hpp"

#include <array>
#include <utility>

#include <postrider/base/hmac.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/imap/response.hpp>
#include <postrider/codec/imap/server_session.hpp>
#include <postrider/codec/sasl/prepare.hpp>

namespace postrider::imap {
namespace {

Status completed(Verb verb) {
  return {Status::Kind::ok, "", std::string(name_of(verb)) + " completed"};
}

Say refusal_of(sasl::LoginVerdict verdict) {
  switch (verdict) {
    case sasl::LoginVerdict::rejected:
      return Say::auth_rejected;
    case sasl::LoginVerdict::disabled:
      return Say::auth_disabled;
    case sasl::LoginVerdict::throttled:
      return Say::auth_throttled;
    case sasl::LoginVerdict::too_many:
      return Say::auth_too_many;
    case sasl::LoginVerdict::accepted:
    case sasl::LoginVerdict::temporary:
      break;
  }
  return Say::auth_temporary;
}

struct EnableWord {
  std::string_view word;
  Capability capability;
  bool Enabled::* flag;
};
constexpr std::array enable_words = {
    EnableWord{"CONDSTORE", Capability::condstore, &Enabled::condstore},
    EnableWord{"QRESYNC", Capability::qresync, &Enabled::qresync},
    EnableWord{"UTF8=ACCEPT", Capability::utf8_accept, &Enabled::utf8},
    EnableWord{"IMAP4REV2", Capability::imap4rev2, &Enabled::imap4rev2},
    EnableWord{"METADATA", Capability::metadata, &Enabled::metadata},
};

}  // namespace

bool ServerSession::offers(Capability capability) const {
  return rules_.offered.without(hidden_of_account_).without(hidden_of_client_).has(capability);
}

bool ServerSession::may_authenticate() const {
  return tls_ || rules_.auth_without_tls;
}

sasl::MechanismOffer ServerSession::mechanisms() const {
  return {.binding = bindings_.is_any(), .tokens = tls_ && rules_.tokens.has_value()};
}

std::string ServerSession::capabilities() const {
  const bool before = state_ == ServerState::not_authenticated;
  std::string words;
  if (before && may_authenticate()) {
    words = sasl::list_mechanisms(mechanisms(), " AUTH=", "");
  }
  return encode_capabilities(rules_.offered.without(hidden_of_account_).without(hidden_of_client_),
                             {.logged_in = !before,
                              .starttls = before && rules_.offer_starttls && !tls_,
                              .login_disabled = before && !may_authenticate(),
                              .mechanisms = words,
                              .append_limit = rules_.message_octets_max,
                              .message_limit = rules_.message_limit});
}

ServerSession::Next ServerSession::run(std::string_view input, std::string& out) {
  switch (command_.verb) {
    case Verb::capability:
      return run_capability(out);
    case Verb::id:
      return run_id(out);
    case Verb::enable:
      return run_enable(out);
    case Verb::logout:
      return run_logout(out);
    case Verb::idle:
      return run_idle(out);
    case Verb::compress:
      return run_compress(input, out);
    case Verb::starttls:
      return run_starttls(input, out);
    case Verb::login:
      return run_login(out);
    case Verb::authenticate:
      return run_authenticate(out);
    case Verb::noop:
      if (state_ == ServerState::not_authenticated) {
        say(command_.tag, completed(Verb::noop), out);
        return std::nullopt;
      }
      return execute();
    default:
      return execute();
  }
}

ServerSession::Next ServerSession::run_capability(std::string& out) {
  out += "* CAPABILITY " + capabilities() + "\r\n";
  say(command_.tag, completed(Verb::capability), out);
  return std::nullopt;
}

// RFC 2971 3.1.
ServerSession::Next ServerSession::run_id(std::string& out) {
  client_id_ = std::get<IdArguments>(std::move(command_.arguments));
  hidden_of_client_ = {};
  for (const auto& [field, value] : client_id_.fields) {
    for (const ClientQuirk& quirk : rules_.quirks) {
      if (field == "name" && value && starts_with_ignoring_case(*value, quirk.name)) {
        hidden_of_client_ = quirk.hidden;
      }
    }
  }
  out += "* ID (\"name\" \"Postrider\"";
  if (!rules_.version.empty()) {
    out += " \"version\" ";
    encode_string(rules_.version, out);
  }
  out += ")\r\n";
  say(command_.tag, completed(Verb::id), out);
  return std::nullopt;
}

// RFC 9051 6.3.1: what is not known is passed over.
ServerSession::Next ServerSession::run_enable(std::string& out) {
  out += "* ENABLED";
  for (const std::string& word : std::get<EnableArguments>(command_.arguments).words) {
    for (const EnableWord& row : enable_words) {
      if (row.word != word || !offers(row.capability) || enabled_.*row.flag) {
        continue;
      }
      enabled_.*row.flag = true;
      out += ' ';
      out += word == "IMAP4REV2" ? std::string_view("IMAP4rev2") : row.word;
    }
  }
  enabled_.condstore |= enabled_.qresync;  // RFC 7162 3.2.3
  out += "\r\n";
  say(command_.tag, completed(Verb::enable), out);
  return std::nullopt;
}

ServerSession::Next ServerSession::run_logout(std::string& out) {
  (void)hang_up("", "Logging out", out);
  say(command_.tag, completed(Verb::logout), out);
  return ServerStep::close;
}

ServerSession::Next ServerSession::run_idle(std::string& out) {
  encode_continuation("idling", out);
  mode_ = Mode::idle;
  return std::nullopt;
}

// RFC 4978 3: nothing may follow it before the answer.
ServerSession::Next ServerSession::run_compress(std::string_view input, std::string& out) {
  if (compressed_) {
    return complain(command_.tag, status_of(Say::compressed_already), out);
  }
  if (!input.empty()) {
    return hang_up("", "COMPRESS is the last command of its group", out);
  }
  say(command_.tag, status_of(Say::start_compression), out);
  compressed_ = true;
  return ServerStep::start_compression;
}

ServerSession::Next ServerSession::run_starttls(std::string_view input, std::string& out) {
  if (tls_ || !rules_.offer_starttls) {
    return complain(command_.tag, status_of(tls_ ? Say::tls_twice : Say::tls_off), out);
  }
  // What somebody put behind it in plain text would count as said under TLS.
  if (!input.empty()) {
    return hang_up("", "STARTTLS is the last command of its group", out);
  }
  say(command_.tag, status_of(Say::start_tls), out);
  return ServerStep::start_tls;
}

void ServerSession::on_tls_started(sasl::ChannelBindings bindings) {
  framer_.reset();
  command_ = {};
  client_id_ = {};
  hidden_of_client_ = {};
  errors_ = 0;
  bindings_ = std::move(bindings);
  tls_ = true;
}

ServerSession::Next ServerSession::run_login(std::string& out) {
  auto arguments = std::get<LoginArguments>(std::move(command_.arguments));
  command_.arguments = {};
  if (!may_authenticate()) {
    wipe(arguments.password.data(), arguments.password.size());
    return complain(command_.tag, status_of(Say::privacy_required), out);
  }
  const auto user = sasl::prepare(arguments.user);
  auto password = sasl::prepare(arguments.password);
  wipe(arguments.password.data(), arguments.password.size());
  if (!user || !password) {
    return refuse_auth(status_of(Say::auth_rejected), out);
  }
  auth_request_ = {};
  auth_request_.authcid = *user;
  auth_request_.password = *std::move(password);
  mode_ = Mode::auth;
  return ServerStep::authenticate;
}

ServerSession::Next ServerSession::run_authenticate(std::string& out) {
  const auto arguments = std::get<AuthenticateArguments>(std::move(command_.arguments));
  command_.arguments = {};
  if (!may_authenticate()) {
    return complain(command_.tag, status_of(Say::privacy_required), out);
  }
  const auto mechanism = sasl::parse_mechanism(arguments.mechanism);
  if (!mechanism || !sasl::is_offered(*mechanism, mechanisms())) {
    return complain(command_.tag, status_of(Say::auth_mechanism), out);
  }
  exchange_ = std::make_unique<sasl::LineExchange>(
      sasl::ServerExchange::Options{.mechanism = *mechanism,
                                    .bindings = bindings_,
                                    .plus_offered = bindings_.is_any(),
                                    .token_hints = rules_.tokens.value_or(sasl::TokenHints{})},
      random_);
  mode_ = Mode::auth;
  return take_exchange(exchange_->start_decoded(arguments.initial), out);
}

ServerSession::Next ServerSession::on_auth_line(std::string_view line, std::string& out) {
  return take_exchange(exchange_->on_line(line), out);
}

ServerSession::Next ServerSession::take_exchange(sasl::LineExchange::Step step, std::string& out) {
  using Step = sasl::LineExchange::Step;
  switch (step) {
    case Step::challenge:
      encode_continuation(exchange_->challenge(), out);
      return std::nullopt;
    case Step::look_up:
      auth_request_ = exchange_->request();
      return ServerStep::load_verifier;
    case Step::ask:
      auth_request_ = std::move(exchange_->request());
      return ServerStep::authenticate;
    case Step::cancelled:  // RFC 9051 6.2.2
      return refuse_auth(status_of(Say::auth_cancelled), out);
    case Step::bad_base64:
      return refuse_auth(status_of(Say::auth_base64), out);
    case Step::malformed:
      return refuse_auth(status_of(Say::auth_malformed), out);
    case Step::concluded:
      return refuse_auth(status_of(refusal_of(exchange_->verdict())), out);
    case Step::refused:
      break;
  }
  return refuse_auth(status_of(Say::auth_rejected), out);
}

void ServerSession::on_verifier(const ScramVerifier& verifier, std::string& out) {
  (void)take_exchange(exchange_->on_verifier(verifier), out);  // a challenge, always
}

void ServerSession::on_authenticated(LoginAnswer answer, std::string& out) {
  wipe(auth_request_.password.data(), auth_request_.password.size());
  wipe(auth_request_.token.data(), auth_request_.token.size());
  if (answer.verdict == sasl::LoginVerdict::accepted) {
    auth_request_ = {};
    exchange_.reset();
    mode_ = Mode::command;
    state_ = ServerState::authenticated;
    identity_ = std::move(answer.identity);
    hidden_of_account_ = answer.hidden;
    errors_ = 0;
    set_limits();
    say(command_.tag, {Status::Kind::ok, "CAPABILITY " + capabilities(), "Logged in"}, out);
  } else if (exchange_ && exchange_->refuse(answer.verdict)) {
    encode_continuation(exchange_->challenge(), out);
  } else {
    (void)refuse_auth(status_of(refusal_of(answer.verdict)), out);  // a hang-up shows in the mode
  }
}

ServerSession::Next ServerSession::refuse_auth(const Status& status, std::string& out) {
  mode_ = Mode::command;
  exchange_.reset();
  auth_request_ = {};
  if (++auth_failures_ >= rules_.auth_failures_max) {
    say(command_.tag, status, out);
    return hang_up("", "Too many failed logins", out);
  }
  return complain(command_.tag, status, out);
}

}  // namespace postrider::imap
