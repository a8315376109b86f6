// APPEND (RFC 9051 6.3.12, RFC 3502).
#include "appending.hpp"
#include "command_table.hpp"
#include "junk_lessons.hpp"

#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/codec/imap/response_code.hpp>

namespace postrider::imap {

store::MailInsert make_insert(Client& client, const AppendArguments& arguments) {
  const auto bodies = client.appended.take();
  check(bodies.size() == arguments.messages.size(), "a body for each message of APPEND");
  const FoundMailbox& target = client.appended.target();
  store::MailInsert insert;
  insert.quota = client.appended.quota();
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const AppendMessage& message = arguments.messages[i];
    const DateTime date =
        message.internal_date.value_or(DateTime{client.shared.doors.reactor.wall_now()});
    insert.mails.push_back({.mailbox = target.row.id,
                            .flags = permitted_flags(to_mail_flags(message.flags), target.rights),
                            .internal_date = date.time,
                            .zone_minutes = date.zone_minutes,
                            .detail = {.trace = {}, .rendered = bodies[i]->rendered},
                            .body = bodies[i]->body,
                            .thread = bodies[i]->thread});
  }
  return insert;
}

engine::Task<std::optional<Status>> ask_target_again(Client& client,
                                                     const AppendArguments& arguments) {
  if (client.appended.target().place.is_own) {
    co_return std::nullopt;
  }
  auto found = co_await find_target(client, arguments.mailbox);
  co_return found ? std::nullopt : std::optional(std::move(found.error()));
}

std::string code_of(const std::vector<store::InsertedMail>& inserted) {
  std::vector<std::uint32_t> uids;
  for (const store::InsertedMail& mail : inserted) {
    uids.push_back(mail.uid);
  }
  return append_uid_code(inserted.front().uid_validity, uids);
}

engine::Task<Status> run_append(Client& client, const Command& command) {
  const auto& arguments = std::get<AppendArguments>(command.arguments);
  if (auto refusal = co_await ask_target_again(client, arguments)) {
    client.appended.drop();
    co_return *std::move(refusal);
  }
  const FoundMailbox target = client.appended.target();
  const store::MailAccountId account = target.place.account;
  const auto inserted = co_await client.store().insert(account, make_insert(client, arguments));
  client.appended.drop();
  if (!inserted) {
    co_return refusal_of_target(inserted.error());
  }
  std::vector<store::Uid> uids;
  for (const store::InsertedMail& mail : *inserted) {
    uids.push_back(mail.uid);
  }
  note_sorted(client, store::SpecialUse::none, target, std::move(uids));
  if (client.selected && client.selected->is(account, inserted->front().mailbox)) {
    // (void): what is seen late is told later.
    (void)co_await client.selected->shared().reach_uid(inserted->back().uid);
    client.selected->skip_new(inserted->front().uid, inserted->back().uid);
  }
  Status status = completed(command);
  status.code = code_of(*inserted);
  co_return status;
}

}  // namespace postrider::imap
