// REPLACE and UID REPLACE (RFC 8508): a message comes, and another one goes.
#include "appending.hpp"
#include "command_table.hpp"

#include <utility>

#include <postrider/codec/imap/response_code.hpp>

namespace postrider::imap {
namespace {

// In one batch of the store, unless the two stand in different accounts: then the old one goes once
// the new one is on the disk, so that a crash leaves both and never none. If it can't go, the new
// one is taken back.
engine::Task<store::MailResult<std::vector<store::InsertedMail>>> replace(
    Client& client, const AppendArguments& arguments) {
  SelectedMailbox& selected = *client.selected;
  const store::MailAccountId account = client.appended.target().place.account;
  const store::Uid replaced = client.appended.replaced();
  store::MailInsert insert = make_insert(client, arguments);
  const bool is_one_account = account == selected.account();
  if (is_one_account) {
    insert.replaces = {selected.id(), replaced};
  }
  auto inserted = co_await client.store().insert(account, std::move(insert));
  if (!inserted || is_one_account) {
    co_return inserted;
  }
  const auto gone = co_await client.store().expunge(selected.account(), selected.id(), {replaced},
                                                    /*deleted_only=*/false);
  if (!gone || gone->uids.empty()) {
    // (void): the command fails anyway; both are the lesser evil.
    (void)co_await client.store().expunge(account, inserted->back().mailbox, {inserted->back().uid},
                                          /*deleted_only=*/false);
    co_return failure(gone ? store::MailError::not_found : gone.error());
  }
  // (void): what is seen late is told later.
  (void)co_await selected.shared().reach(gone->modseq);
  co_return inserted;
}

}  // namespace

engine::Task<Status> run_replace(Client& client, const Command& command) {
  const auto& arguments = std::get<ReplaceArguments>(command.arguments).append;
  auto refusal = co_await ask_target_again(client, arguments);
  if (!refusal) {
    refusal = barred(*client.selected, {Right::delete_messages, Right::expunge});
  }
  if (refusal) {
    client.appended.drop();
    co_return *std::move(refusal);
  }
  const FoundMailbox target = client.appended.target();
  const store::Uid replaced = client.appended.replaced();
  const auto inserted = co_await replace(client, arguments);
  client.appended.drop();
  SelectedMailbox& selected = *client.selected;
  if (!inserted && inserted.error() == store::MailError::not_found) {
    // Another client was faster: with the message, or with the mailbox that it should go to.
    const bool is_there = selected.shared().uids()->contains(replaced);
    co_return is_there ? refusal_of_target(inserted.error())
                       : refused("EXPUNGEISSUED", "The message has gone");
  }
  if (!inserted) {
    co_return refusal_of(inserted.error());
  }
  if (selected.is(target.place.account, target.row.id)) {
    // (void): what is seen late is told later.
    (void)co_await selected.shared().reach_uid(inserted->back().uid);
    selected.skip_new(inserted->front().uid, inserted->back().uid);
  } else if (selected.account() == target.place.account) {
    (void)co_await selected.shared().reach_expunge(replaced);  // the same
  }
  // RFC 8508 3.4: it stands before the EXPUNGE, which follows.
  encode_status("*", {Status::Kind::ok, code_of(*inserted), "Replacement message ready"},
                client.out());
  Status status = completed(command);
  if (client.enabled().qresync) {
    status.code = number_code("HIGHESTMODSEQ", selected.shared().modseq());
  }
  co_return status;
}

}  // namespace postrider::imap
