#include "sink_conversation.hpp"

#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/smtp/limits.hpp>

namespace postrider::tools {

namespace {

constexpr Duration idle_patience = std::chrono::minutes(5);
constexpr std::size_t recipients_max = 100'000;

bool has_verb(std::string_view line, std::string_view verb) {
  return starts_with_ignoring_case(line, verb) &&
         (line.size() == verb.size() || line[verb.size()] == ' ');
}

}  // namespace

SinkConversation::SinkConversation(SinkState& state, engine::Reactor& reactor,
                                   std::unique_ptr<engine::Stream> stream)
    : state_(state),
      reactor_(reactor),
      connection_(reactor, std::move(stream)),
      lines_(smtp::command_line_octets_max) {}

engine::Until SinkConversation::patience() {
  return {reactor_.now() + idle_patience, state_.stop};
}

engine::Task<void> SinkConversation::run() {
  if (state_.settings.implicit_tls && !co_await start_tls()) {
    co_return;
  }
  say("220 sink ESMTP\r\n");
  for (;;) {
    switch (step()) {
      case Next::read: {
        if (!co_await flush()) {
          co_return;
        }
        const auto received = co_await connection_.receive(patience());
        if (!received) {
          co_return;
        }
        input_ = *received;
        break;
      }
      case Next::message:
        if (!co_await answer_message()) {
          connection_.abort();
          co_return;
        }
        break;
      case Next::start_tls:
        if (!co_await start_tls()) {
          co_return;
        }
        break;
      case Next::close:
        (void)co_await flush();  // the peer said QUIT: nothing of it is lost
        co_await connection_.close(patience());
        co_return;
    }
  }
}

SinkConversation::Next SinkConversation::step() {
  while (!input_.empty()) {
    Next next = Next::read;
    if (mode_ == Mode::data) {
      next = on_data();
    } else if (mode_ == Mode::chunk) {
      next = on_chunk();
    } else if (const auto line = lines_.next(input_)) {
      next = on_command(line->too_long ? "too long" : line->text);
    }
    if (next != Next::read) {
      return next;
    }
  }
  return Next::read;
}

SinkConversation::Next SinkConversation::on_command(std::string_view line) {
  if (starts_with_ignoring_case(line, "RCPT TO:")) {
    on_rcpt(line);
  } else if (starts_with_ignoring_case(line, "MAIL FROM:")) {
    has_mail_ = true;
    say("250 2.1.0 Ok\r\n");
  } else if (has_verb(line, "DATA")) {
    if (recipients_.empty()) {
      say("503 5.5.1 No recipient\r\n");
    } else {
      mode_ = Mode::data;
      say("354 Go on\r\n");
    }
  } else if (has_verb(line, "BDAT")) {
    return on_bdat(line.substr(std::min<std::size_t>(5, line.size())));
  } else if (has_verb(line, "EHLO") || has_verb(line, "HELO")) {
    on_hello(ascii_lower(line[0]) == 'e');
  } else if (has_verb(line, "RSET")) {
    end_transaction();
    say("250 2.0.0 Ok\r\n");
  } else if (has_verb(line, "NOOP")) {
    say("250 2.0.0 Ok\r\n");
  } else if (has_verb(line, "QUIT")) {
    say("221 2.0.0 Bye\r\n");
    return Next::close;
  } else if (has_verb(line, "STARTTLS") && state_.settings.starttls && !connection_.tls()) {
    say("220 2.0.0 Go on\r\n");
    return Next::start_tls;
  } else {
    say("500 5.5.2 Not known here\r\n");
  }
  return Next::read;
}

void SinkConversation::on_hello(bool extended) {
  end_transaction();
  if (!extended) {
    say("250 sink\r\n");
    return;
  }
  say("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n"
      "250-CHUNKING\r\n");
  if (state_.settings.starttls && !connection_.tls()) {
    say("250-STARTTLS\r\n");
  }
  say("250 SIZE 0\r\n");
}

void SinkConversation::on_rcpt(std::string_view line) {
  const auto open = line.find('<');
  const auto close = line.rfind('>');
  if (!has_mail_) {
    say("503 5.5.1 MAIL first\r\n");
  } else if (open == line.npos || close == line.npos || close < open) {
    say("501 5.5.4 RCPT TO:<address>\r\n");
  } else if (recipients_.size() >= recipients_max) {
    say("452 4.5.3 Too many recipients\r\n");
  } else {
    recipients_.emplace_back(line.substr(open + 1, close - open - 1));
    say("250 2.1.5 Ok\r\n");
  }
}

SinkConversation::Next SinkConversation::on_bdat(std::string_view argument) {
  const auto blank = argument.find(' ');
  const auto octets = parse_decimal(argument.substr(0, blank));
  const auto rest = blank == argument.npos ? std::string_view() : trim_wsp(argument.substr(blank));
  if (!octets || (!rest.empty() && !equals_ignoring_case(rest, "LAST"))) {
    say("501 5.5.4 BDAT octets [LAST]\r\n");
    return Next::close;  // what follows can't be told from commands
  }
  if (recipients_.empty()) {
    say("503 5.5.1 No recipient\r\n");
    return Next::close;
  }
  last_chunk_ = !rest.empty();
  chunk_.begin(*octets);
  mode_ = Mode::chunk;
  return on_chunk();  // it may have no octets
}

SinkConversation::Next SinkConversation::on_data() {
  for (;;) {
    const auto piece = data_.next(input_);
    switch (piece.kind) {
      case smtp::DataFramer::Piece::Kind::octets:
        take(piece.octets);
        break;
      case smtp::DataFramer::Piece::Kind::more:
        return Next::read;
      case smtp::DataFramer::Piece::Kind::end:
        mode_ = Mode::command;
        return Next::message;
    }
  }
}

SinkConversation::Next SinkConversation::on_chunk() {
  take(chunk_.next(input_));
  if (chunk_.left() > 0) {
    return Next::read;
  }
  mode_ = Mode::command;
  if (last_chunk_) {
    return Next::message;
  }
  say("250 2.0.0 Ok\r\n");
  return Next::read;
}

void SinkConversation::take(std::string_view octets) {
  octets_ += octets.size();
  finder_.feed(octets);
}

void SinkConversation::end_transaction() {
  has_mail_ = false;
  recipients_.clear();
  finder_.reset();
  octets_ = 0;
}

void SinkConversation::accept() {
  auto& counters = state_.counters;
  counters.last = reactor_.wall_now();
  if (state_.tally.counts().messages == 0) {
    counters.first = counters.last;
  }
  const auto id = finder_.id();
  const auto added = state_.tally.add(id, recipients_, octets_);
  if (id && id->due_us != 0) {
    for (std::uint64_t i = 0; i < added; ++i) {
      state_.latency.record(counters.last - due_time(*id));
    }
  }
}

// False: the personality breaks the connection off.
engine::Task<bool> SinkConversation::answer_message() {
  const auto& settings = state_.settings;
  auto& counters = state_.counters;
  if (settings.latency > Duration(0)) {
    (void)co_await reactor_.sleep_for(settings.latency, state_.stop);  // a stop ends the receive
  }
  const auto number = state_.tally.counts().messages + counters.refused + counters.dropped + 1;
  if (settings.drop_every != 0 && number % settings.drop_every == 0) {
    ++counters.dropped;
    co_return false;
  }
  if (state_.tally.counts().messages >= settings.accept_most) {
    ++counters.refused;
    say("451 4.3.0 The sink refuses by its --fail\r\n");
  } else {
    accept();
    say("250 2.0.0 Taken\r\n");
    if (settings.expect != 0 && state_.tally.counts().distinct >= settings.expect) {
      (void)co_await flush();
      state_.complete.cancel();
    }
  }
  end_transaction();
  co_return true;
}

engine::Task<bool> SinkConversation::start_tls() {
  input_ = {};
  lines_.reset();
  end_transaction();
  const auto started =
      co_await connection_.start_tls(state_.tls, net::TlsRole::server, {}, patience());
  co_return started.has_value();
}

engine::Task<bool> SinkConversation::flush() {
  if (state_.settings.tarpit == Duration(0)) {
    co_return (co_await connection_.flush(patience())).has_value();
  }
  const std::string slow = std::exchange(connection_.out(), {});
  for (const char octet : slow) {
    (void)co_await reactor_.sleep_for(state_.settings.tarpit, state_.stop);
    if (!co_await connection_.send({&octet, 1}, patience())) {
      co_return false;
    }
  }
  co_return true;
}

}  // namespace postrider::tools
