#include "load_client.hpp"

#include <fmt/core.h>
#include <utility>

#include <postrider/base/base64.hpp>

namespace postrider::tools {

namespace {

constexpr Duration quit_patience = std::chrono::milliseconds(100);

std::string words(std::string_view what, const smtp::Reply& reply) {
  return fmt::format("{}: {} {}", what, reply.code, reply.text.substr(0, reply.text.find('\n')));
}

std::string words(std::string_view what, engine::IoError error) {
  return fmt::format("{}: {}", what, engine::describe(error));
}

}  // namespace

void LoadClient::drop() {
  if (connection_) {
    connection_->abort();
    connection_.reset();
  }
}

engine::Task<Result<void, std::string>> LoadClient::open() {
  auto stream = co_await reactor_.connect({.to = settings_.server, .source = {}}, patience());
  if (!stream) {
    co_return failure(words("connect", stream.error()));
  }
  connection_.emplace(reactor_, std::move(*stream));
  unread_ = {};
  parser_.reset();
  auto opened = co_await open_conversation();
  if (!opened) {
    drop();
  }
  co_return opened;
}

engine::Task<Result<void, std::string>> LoadClient::open_conversation() {
  if (settings_.tls == LoadTls::implicit) {
    if (auto started = co_await start_tls(); !started) {
      co_return started;
    }
  }
  auto reply = co_await read_reply();
  if (reply && reply->code == 220) {
    reply = co_await hello();
  }
  if (reply && reply->is_positive() && settings_.tls == LoadTls::starttls) {
    reply = co_await ask("STARTTLS\r\n");
    if (reply && reply->code == 220) {
      if (auto started = co_await start_tls(); !started) {
        co_return started;
      }
      reply = co_await hello();
    }
  }
  if (reply && reply->is_positive() && !settings_.username.empty()) {
    std::string secret;
    secret.append(1, '\0').append(settings_.username).append(1, '\0').append(settings_.password);
    reply = co_await ask(fmt::format("AUTH PLAIN {}\r\n", encode_base64(secret)));
  }
  if (!reply) {
    co_return failure(reply.error());
  }
  if (!reply->is_positive()) {
    co_return failure(words("greeting", *reply));
  }
  co_return Result<void, std::string>();
}

engine::Task<LoadClient::Answer> LoadClient::hello() {
  auto reply = co_await ask(settings_.protocol == LoadProtocol::lmtp ? "LHLO load.localhost\r\n"
                                                                     : "EHLO load.localhost\r\n");
  if (reply && reply->is_positive()) {
    capabilities_ = smtp::parse_capabilities(reply->text);
  }
  co_return reply;
}

engine::Task<Result<void, std::string>> LoadClient::start_tls() {
  const auto started =
      co_await connection_->start_tls(tls_, net::TlsRole::client, "localhost", patience());
  unread_ = {};
  parser_.reset();
  if (!started) {
    co_return failure("TLS: " + started.error().text);
  }
  co_return Result<void, std::string>();
}

engine::Task<LoadClient::Answer> LoadClient::ask(std::string_view command) {
  connection_->write(command);
  const auto flushed = co_await connection_->flush(patience());
  if (!flushed) {
    co_return failure(words("send", flushed.error()));
  }
  co_return co_await read_reply();
}

engine::Task<LoadClient::Answer> LoadClient::read_reply() {
  for (;;) {
    auto reply = parser_.feed(unread_);
    if (!reply) {
      co_return failure(std::string(smtp::describe(reply.error())));
    }
    if (*reply) {
      co_return std::move(**reply);
    }
    const auto octets = co_await connection_->receive(patience());
    if (!octets) {
      co_return failure(words("receive", octets.error()));
    }
    unread_ = *octets;
  }
}

engine::Task<Result<void, std::string>> LoadClient::send(LoadId id) {
  auto sent = co_await send_envelope(id);
  if (!sent) {
    drop();  // a transaction is open, or answers are out of step
    co_return sent;
  }
  const auto written = co_await connection_->send(message_.with(id), patience());
  auto reply = written ? co_await read_verdict() : Answer(failure(words("send", written.error())));
  if (!reply) {
    drop();
    co_return failure(reply.error());
  }
  if (reply->code == 421) {
    drop();
  }
  if (!reply->is_positive()) {
    co_return failure(words("end of data", *reply));
  }
  co_return Result<void, std::string>();
}

// The answer to the end of data; LMTP's for each recipient (RFC 2033 4.2): the worst of them.
engine::Task<LoadClient::Answer> LoadClient::read_verdict() {
  auto worst = co_await read_reply();
  const std::uint32_t more =
      settings_.protocol == LoadProtocol::lmtp ? settings_.recipients - 1 : 0;
  for (std::uint32_t i = 0; worst && i < more; ++i) {
    auto next = co_await read_reply();
    if (!next || next->code > worst->code) {
      worst = std::move(next);
    }
  }
  co_return worst;
}

// MAIL to DATA, in one group where the server offers PIPELINING (RFC 2920).
engine::Task<Result<void, std::string>> LoadClient::send_envelope(LoadId id) {
  const std::uint32_t commands = settings_.recipients + 2;
  auto& out = connection_->out();
  std::uint32_t answered = 0;
  for (std::uint32_t number = 0; number < commands; ++number) {
    if (number == 0) {
      out += "MAIL FROM:<" + settings_.reverse_path + ">";
      if (capabilities_.size) {
        out += fmt::format(" SIZE={}", message_.octets());
      }
      out += "\r\n";
    } else if (number + 1 < commands) {
      out += "RCPT TO:<" + load_recipient(settings_, id.sequence, number - 1) + ">\r\n";
    } else {
      out += "DATA\r\n";
    }
    if (capabilities_.pipelining && number + 1 < commands) {
      continue;
    }
    if (const auto flushed = co_await connection_->flush(patience()); !flushed) {
      co_return failure(words("send", flushed.error()));
    }
    for (; answered <= number; ++answered) {
      const auto reply = co_await read_reply();
      if (!reply) {
        co_return failure(reply.error());
      }
      const bool is_data = answered + 1 == commands;
      if (is_data ? reply->code != 354 : reply->code / 100 != 2) {
        co_return failure(words(is_data ? "DATA" : answered == 0 ? "MAIL" : "RCPT", *reply));
      }
    }
  }
  co_return Result<void, std::string>();
}

engine::Task<void> LoadClient::quit() {
  if (!connection_) {
    co_return;
  }
  connection_->write("QUIT\r\n");
  const engine::Until until{reactor_.now() + quit_patience, {}};
  if (co_await connection_->flush(until)) {
    // Whatever it says, or however long it takes: nobody waits for a farewell.
    (void)co_await connection_->receive(until);
  }
  co_await connection_->close(until);
  connection_.reset();
}

}  // namespace postrider::tools
