#include "pop3_load.hpp"

#include "load_command_line.hpp"

#include <fmt/core.h>
#include <utility>

#include <postrider/base/text.hpp>

namespace postrider::tools {

bool has_many_lines(std::string_view command) {
  const std::size_t end = command.find(' ');
  const std::string verb = to_lower(command.substr(0, end));
  const bool has_argument = end != command.npos;
  return verb == "retr" || verb == "top" || verb == "capa" ||
         (!has_argument && (verb == "list" || verb == "uidl"));
}

Pop3Load::Pop3Load(const LoadSettings& settings, const net::TlsContext& tls,
                   engine::Reactor& reactor, std::uint64_t number)
    : MailboxLoad(settings, tls, reactor, "QUIT\r\n"),
      username_(with_number(settings.username, number)) {}

engine::Task<MailboxLoad::Done> Pop3Load::greet() {
  auto greeted = co_await read_status();
  if (!greeted || settings_.tls != LoadTls::starttls) {
    co_return greeted;
  }
  auto started = co_await command("STLS");
  if (started) {
    started = co_await link_.start_tls();
  }
  co_return started;
}

engine::Task<MailboxLoad::Done> Pop3Load::log_in() {
  if (username_.empty()) {
    co_return Done();
  }
  auto named = co_await command("USER " + username_);
  if (named) {
    named = co_await command("PASS " + settings_.password);
  }
  co_return named;
}

std::string Pop3Load::say(std::string text) {
  link_.write(text);
  link_.write("\r\n");
  return text;
}

engine::Task<MailboxLoad::Done> Pop3Load::hear(std::string said) {
  auto done = co_await read_status();
  while (done && has_many_lines(said)) {
    const auto line = co_await link_.line();
    if (!line) {
      co_return failure(line.error());
    }
    if (*line == ".") {
      break;
    }
  }
  co_return done;
}

engine::Task<MailboxLoad::Done> Pop3Load::read_status() {
  const auto line = co_await link_.line();
  if (!line) {
    co_return failure(line.error());
  }
  co_return line->starts_with("+OK") ? Done() : failure(std::string(line->substr(0, 200)));
}

}  // namespace postrider::tools
