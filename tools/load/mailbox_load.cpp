#include "mailbox_load.hpp"

#include "load_command_line.hpp"

#include <utility>

namespace postrider::tools {

engine::Task<MailboxLoad::Done> MailboxLoad::open() {
  auto opened = co_await link_.connect();
  if (opened) {
    opened = co_await greet();
  }
  if (opened) {
    opened = co_await log_in();
  }
  for (std::size_t i = 0; opened && i < settings_.first.size(); ++i) {
    opened = co_await command(settings_.first[i]);
  }
  if (!opened) {
    link_.drop();
  }
  co_return opened;
}

engine::Task<MailboxLoad::Done> MailboxLoad::send(LoadId id) {
  std::vector<std::string> together;
  Done done;
  for (std::size_t i = 0; done && i < settings_.commands.size(); ++i) {
    together.push_back(made(settings_.commands[i], id));
    if (!settings_.pipelined || i + 1 == settings_.commands.size()) {
      done = co_await perform(std::exchange(together, {}));
    }
  }
  if (!done) {
    link_.drop();
  }
  co_return done;
}

engine::Task<MailboxLoad::Done> MailboxLoad::command(std::string text) {
  return perform({std::move(text)});
}

engine::Task<MailboxLoad::Done> MailboxLoad::perform(std::vector<std::string> commands) {
  for (std::string& text : commands) {
    text = say(std::move(text));
  }
  auto done = co_await link_.flush();
  for (std::size_t i = 0; done && i < commands.size(); ++i) {
    done = co_await hear(std::move(commands[i]));
  }
  co_return done;
}

std::string MailboxLoad::made(const std::string& command, LoadId id) {
  return with_number(command, id.sequence + 1);
}

engine::Task<void> MailboxLoad::quit() {
  if (link_.is_open()) {
    link_.write(goodbye_);
    co_await link_.part();
  }
}

}  // namespace postrider::tools
