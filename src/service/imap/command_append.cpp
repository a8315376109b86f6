// APPEND (RFC 9051 6.3.12, RFC 3502).
#include "command_table.hpp"

#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/codec/imap/response_code.hpp>

namespace postrider::imap {

engine::Task<Status> run_append(Client& client, const Command& command) {
  const auto& arguments = std::get<AppendArguments>(command.arguments);
  const auto bodies = client.appended.take();
  check(bodies.size() == arguments.messages.size(), "a body for each message of APPEND");
  store::MailInsert insert;
  insert.quota = client.appended.quota();
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const AppendMessage& message = arguments.messages[i];
    insert.mails.push_back(
        {.mailbox = client.appended.mailbox(),
         .flags = to_mail_flags(message.flags),
         .internal_date = message.internal_date.value_or(client.shared.doors.reactor.wall_now()),
         .detail = {.trace = {}, .rendered = bodies[i]->rendered},
         .body = bodies[i]->body,
         .thread = bodies[i]->thread});
  }
  const auto inserted = co_await client.store().insert(client.account, std::move(insert));
  client.appended.drop();
  if (!inserted) {
    co_return refusal_of_target(inserted.error());
  }
  std::vector<std::uint32_t> uids;
  for (const store::InsertedMail& mail : *inserted) {
    uids.push_back(mail.uid);
  }
  if (client.selected && client.selected->id() == inserted->front().mailbox) {
    // (void): what is seen late is told later.
    (void)co_await client.selected->shared().reach_uid(uids.back());
  }
  Status status = completed(command);
  status.code = append_uid_code(inserted->front().uid_validity, uids);
  co_return status;
}

}  // namespace postrider::imap
