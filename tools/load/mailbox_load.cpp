#include "mailbox_load.hpp"

#include "load_command_line.hpp"

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
  Done done;
  for (std::size_t i = 0; done && i < settings_.commands.size(); ++i) {
    done = co_await command(made(settings_.commands[i], id));
  }
  if (!done) {
    link_.drop();
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
