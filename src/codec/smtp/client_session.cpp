#include "client_auth.hpp"

#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/codec/smtp/client_session.hpp>

namespace postrider::smtp {

namespace {

Reply own_reply(std::uint16_t code, EnhancedCode enhanced, std::string text) {
  return Reply{code, enhanced, std::move(text)};
}

}  // namespace

ClientSession::ClientSession(ClientSettings settings) : settings_(std::move(settings)) {}
ClientSession::ClientSession(ClientSession&&) noexcept = default;
ClientSession& ClientSession::operator=(ClientSession&&) noexcept = default;
ClientSession::~ClientSession() = default;

ClientStep ClientSession::start() {
  expect(Await::greeting);
  return ClientStep::receive;
}

ClientStep ClientSession::on_reply(const Reply& reply, std::string& out) {
  if (expected_.empty()) {
    return protocol_error(reply);  // a reply that nobody asked for
  }
  const Expected expected = expected_.front();
  expected_.pop_front();
  if (reply.code == 421) {
    return on_busy(expected.what, reply);
  }
  switch (expected.what) {
    case Await::greeting:
      return on_greeting(reply, out);
    case Await::hello:
      return on_hello(reply, out);
    case Await::helo:
      return on_helo(reply, out);
    case Await::starttls:
      return on_starttls(reply, out);
    case Await::auth:
      return on_auth(reply, out);
    case Await::nothing:
      return protocol_error(reply);
    default:
      return on_transaction_reply(expected, reply, out);
  }
}

// RFC 5321 4.2.2: 421 may answer any command, and the server closes after it.
ClientStep ClientSession::on_busy(Await answered, const Reply& reply) {
  using Stage = ClientFailure::Stage;
  if (answered != Await::final) {
    content_sent_ = false;  // what stands behind the refused command in a group was not looked at
  }
  const bool in_transaction = !outcomes_.empty() || in_body_;
  failure_ = ClientFailure{in_transaction ? Stage::transaction : Stage::greeting, reply, false};
  if (content_sent_) {
    settle_open(RecipientOutcome::Kind::deferred, reply, false);
    content_sent_ = false;
  }
  forget_accepted();
  return ClientStep::closed;
}

ClientStep ClientSession::on_greeting(const Reply& reply, std::string& out) {
  if (reply.code / 100 != 2) {
    return fail(ClientFailure::Stage::greeting, reply, false, out);
  }
  return say_hello(out);
}

ClientStep ClientSession::say_hello(std::string& out) {
  out += is_lmtp() ? "LHLO " : "EHLO ";
  out += settings_.own_name;
  out += "\r\n";
  expect(Await::hello);
  return ClientStep::receive;
}

ClientStep ClientSession::on_hello(const Reply& reply, std::string& out) {
  if (reply.code / 100 == 2) {
    capabilities_ = parse_capabilities(reply.text);
    return after_hello(out);
  }
  // RFC 5321 3.2: a server that does not know EHLO may know HELO, but never TLS or AUTH.
  const bool may_fall_back = !is_lmtp() && reply.is_permanent() && !tls_active_ &&
                             settings_.tls != ClientSettings::Tls::required &&
                             settings_.username.empty();
  if (!may_fall_back) {
    return fail(ClientFailure::Stage::hello, reply, false, out);
  }
  out += "HELO " + settings_.own_name + "\r\n";
  expect(Await::helo);
  return ClientStep::receive;
}

ClientStep ClientSession::on_helo(const Reply& reply, std::string& out) {
  if (reply.code / 100 != 2) {
    return fail(ClientFailure::Stage::hello, reply, false, out);
  }
  capabilities_ = {};
  return ClientStep::ready;
}

ClientStep ClientSession::after_hello(std::string& out) {
  using Tls = ClientSettings::Tls;
  if (!tls_active_ && settings_.tls != Tls::off) {
    if (capabilities_.starttls && !tls_refused_) {
      out += "STARTTLS\r\n";
      expect(Await::starttls);
      return ClientStep::receive;
    }
    if (settings_.tls == Tls::required) {
      return fail(ClientFailure::Stage::tls,
                  own_reply(454, {4, 7, 4}, "TLS is required, but the server does not offer it"),
                  true, out);
    }
  }
  return settings_.username.empty() ? ClientStep::ready : start_auth(out);
}

ClientStep ClientSession::on_starttls(const Reply& reply, std::string& out) {
  if (reply.code == 220) {
    return ClientStep::start_tls;
  }
  tls_refused_ = true;
  if (settings_.tls == ClientSettings::Tls::required) {
    return fail(ClientFailure::Stage::tls, reply, false, out);
  }
  return settings_.username.empty() ? ClientStep::ready : start_auth(out);
}

ClientStep ClientSession::on_tls_started(std::string& out, sasl::ChannelBindings bindings) {
  tls_active_ = true;
  bindings_ = std::move(bindings);
  capabilities_ = {};
  check(expected_.empty(), "TLS was started while a reply was awaited");
  return say_hello(out);
}

ClientStep ClientSession::start_auth(std::string& out) {
  const bool secret_may_cross = tls_active_ || settings_.plain_auth;
  authentication_ = Authentication::choose(settings_, capabilities_, bindings_, secret_may_cross);
  const std::string line = authentication_ ? authentication_->first_line() : std::string();
  if (line.empty()) {
    return fail(ClientFailure::Stage::auth,
                own_reply(454, {4, 7, 0},
                          "the server offers no way to log in that may be used on this connection"),
                true, out);
  }
  out += line;
  expect(Await::auth);
  return ClientStep::receive;
}

ClientStep ClientSession::on_auth(const Reply& reply, std::string& out) {
  if (reply.code == 334) {
    out += authentication_->on_challenge(reply.text);
    expect(Await::auth);
    return ClientStep::receive;
  }
  const bool is_genuine = authentication_->exchange.may_succeed();
  authentication_.reset();
  if (reply.code != 235) {
    return fail(ClientFailure::Stage::auth, reply, false, out);
  }
  if (!is_genuine) {
    return fail(ClientFailure::Stage::auth,
                own_reply(454, {4, 7, 0}, "the server could not prove that it knows the password"),
                true, out);
  }
  return ClientStep::ready;
}

ClientStep ClientSession::fail(ClientFailure::Stage stage, Reply reply, bool own,
                               std::string& out) {
  failure_ = ClientFailure{stage, std::move(reply), own};
  expected_.clear();
  out += "QUIT\r\n";
  return ClientStep::closed;
}

void ClientSession::abandon() {
  forget_accepted();
}

void ClientSession::quit(std::string& out) {
  out += "QUIT\r\n";
  expected_.clear();
}

Duration ClientSession::timeout() const {
  const ClientTimeouts& timeouts = settings_.timeouts;
  if (expected_.empty()) {
    return in_body_ ? timeouts.data_block : timeouts.other;
  }
  switch (expected_.front().what) {
    case Await::greeting:
      return timeouts.greeting;
    case Await::hello:
    case Await::helo:
      return timeouts.hello;
    case Await::mail:
      return timeouts.mail;
    case Await::rcpt:
      return timeouts.rcpt;
    case Await::data:
      return timeouts.data_start;
    case Await::bdat:
      return timeouts.data_block;
    case Await::final:
      return timeouts.data_end;
    default:
      return timeouts.other;
  }
}

std::string_view ClientSession::awaited() const {
  if (expected_.empty()) {
    return in_body_ ? "while the message was sent" : "between commands";
  }
  switch (expected_.front().what) {
    case Await::greeting:
      return "while the greeting was awaited";
    case Await::hello:
    case Await::helo:
      return "after EHLO";
    case Await::starttls:
      return "after STARTTLS";
    case Await::auth:
      return "after AUTH";
    case Await::rset:
      return "after RSET";
    case Await::mail:
      return "after MAIL";
    case Await::rcpt:
      return "after RCPT";
    case Await::data:
      return "after DATA";
    case Await::bdat:
      return "after BDAT";
    case Await::final:
    case Await::ignored:
      return "after the end of the message";
    case Await::nothing:
      break;
  }
  return "between commands";
}

}  // namespace postrider::smtp
