#include "command_table.hpp"
#include "mailbox_names.hpp"
#include "mailbox_status.hpp"

namespace postrider::imap {

// RFC 9051 6.3.11.
engine::Task<Status> run_status(Client& client, const Command& command) {
  const auto& arguments = std::get<StatusArguments>(command.arguments);
  const auto mailbox = co_await find_mailbox(client, arguments.mailbox, {Right::read});
  if (!mailbox) {
    co_return mailbox.error();
  }
  const auto written = co_await write_status(client, *mailbox, arguments.items);
  co_return written ? completed(command) : refusal_of(written.error());
}

}  // namespace postrider::imap
