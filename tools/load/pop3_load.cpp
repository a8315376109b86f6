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
    : settings_(settings),
      link_(settings, tls, reactor),
      username_(with_number(settings.username, number)) {}

engine::Task<Result<void, std::string>> Pop3Load::open() {
  auto opened = co_await link_.connect();
  if (opened) {
    opened = co_await greet();
  }
  if (opened && !username_.empty()) {
    opened = co_await command("USER " + username_);
    if (opened) {
      opened = co_await command("PASS " + settings_.password);
    }
  }
  for (std::size_t i = 0; opened && i < settings_.first.size(); ++i) {
    opened = co_await command(settings_.first[i]);
  }
  if (!opened) {
    link_.drop();
  }
  co_return opened;
}

engine::Task<Result<void, std::string>> Pop3Load::greet() {
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

engine::Task<Result<void, std::string>> Pop3Load::send(LoadId id) {
  Result<void, std::string> done;
  for (std::size_t i = 0; done && i < settings_.commands.size(); ++i) {
    done = co_await command(with_number(settings_.commands[i], id.sequence + 1));
  }
  if (!done) {
    link_.drop();
  }
  co_return done;
}

engine::Task<Result<void, std::string>> Pop3Load::command(std::string text) {
  link_.write(text);
  link_.write("\r\n");
  auto done = co_await link_.flush();
  if (done) {
    done = co_await read_status();
  }
  while (done && has_many_lines(text)) {
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

engine::Task<Result<void, std::string>> Pop3Load::read_status() {
  const auto line = co_await link_.line();
  if (!line) {
    co_return failure(line.error());
  }
  co_return line->starts_with("+OK") ? Result<void, std::string>()
                                     : failure(std::string(line->substr(0, 200)));
}

engine::Task<void> Pop3Load::quit() {
  if (link_.is_open()) {
    link_.write("QUIT\r\n");
    co_await link_.part();
  }
}

}  // namespace postrider::tools
