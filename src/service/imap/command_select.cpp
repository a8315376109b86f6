// SELECT, EXAMINE, CLOSE, UNSELECT (RFC 9051 6.3.2, 6.4.1, 6.4.2), with what a client that comes
// back has missed (RFC 7162 3.2.5).
#include "command_table.hpp"
#include "expunging.hpp"
#include "mailbox_access.hpp"
#include "mailbox_names.hpp"
#include "missed_changes.hpp"
#include "telling.hpp"

#include <utility>

#include <postrider/codec/imap/response.hpp>
#include <postrider/codec/imap/response_code.hpp>

namespace postrider::imap {
namespace {

void say_ok(Client& client, std::string code, std::string_view text) {
  encode_status("*", {Status::Kind::ok, std::move(code), std::string(text)}, client.out());
}

void unselect(Client& client) {
  if (client.selected) {
    client.selected.reset();
    say_ok(client, "CLOSED", "The mailbox that was selected is closed");  // RFC 7162 3.2.11
  }
}

void describe(Client& client, const FoundMailbox& found) {
  const store::Mailbox& row = found.row;
  const SelectedMailbox& selected = *client.selected;
  const SharedMailbox& shared = selected.shared();
  std::string& out = client.out();
  encode_mailbox_flags(shared.keywords(), selected.rights(), out);
  encode_numbered(selected.count(), "EXISTS", out);
  if (!client.enabled().imap4rev2) {
    encode_numbered(selected.recent_count(), "RECENT", out);
    if (const auto unseen = first_outside(*selected.uids(), shared.seen())) {
      say_ok(client, number_code("UNSEEN", selected.number_of(*unseen)), "The first unseen one");
    }
  }
  say_ok(client, number_code("UIDVALIDITY", row.uid_validity), "UIDs hold as long as it does");
  say_ok(client, number_code("UIDNEXT", shared.uid_next()), "The next UID");
  say_ok(client, number_code("HIGHESTMODSEQ", shared.modseq()), "The last change");
  if (client.session->offers(Capability::object_id)) {
    say_ok(client, mailbox_id_code(object_id(row.id)), "Its name for ever");
  }
  if (client.enabled().imap4rev2) {
    ListedMailbox listed;
    listed.name = row.name;
    if (found.place.is_own) {
      listed.special_use = to_special_use(row.special_use);
    }
    encode_list(listed, ListForm::list, client.name_form(), out);
  }
}

}  // namespace

engine::Task<Status> run_select(Client& client, const Command& command) {
  const auto& arguments = std::get<SelectArguments>(command.arguments);
  unselect(client);
  const auto found = co_await find_mailbox(client, arguments.mailbox, {Right::read});
  if (!found) {
    co_return found.error();
  }
  const store::Mailbox& row = found->row;
  auto shared = co_await client.shared.mailboxes.open(found->place.account, row.id);
  if (!shared) {
    co_return refusal_of(shared.error());
  }
  client.selected.emplace(*std::move(shared),
                          SelectedMailbox::Manner{.examined = command.verb == Verb::examine,
                                                  .name = row.name,
                                                  .owner = found->place.owner,
                                                  .user = client.session->identity(),
                                                  .user_account = client.account,
                                                  .rights = found->rights,
                                                  .recent_from = row.recent_from},
                          client.changes);
  co_await claim_recent(client);
  client.selected->begin();
  client.selected->note_recent_told();
  if (flow::TextIndex* index = client.shared.doors.text_index) {
    index->note_used(found->place.account);
  }
  describe(client, *found);
  if (arguments.qresync && arguments.qresync->uid_validity == row.uid_validity) {
    const auto told = co_await tell_missed(
        client, {.since = arguments.qresync->modseq, .known = arguments.qresync->known_uids});
    if (!told) {
      client.selected.reset();
      co_return refusal_of(told.error());
    }
  }
  Status status = completed(command);
  status.code = client.selected->is_read_only() ? "READ-ONLY" : "READ-WRITE";
  co_return status;
}

engine::Task<Status> run_unselect(Client& client, const Command& command) {
  client.selected.reset();
  co_return completed(command);
}

// What has \Deleted goes, if the client may do that, and nobody is told of it here (RFC 9051 6.4.1,
// RFC 4314 4).
engine::Task<Status> run_close(Client& client, const Command& command) {
  store::MailResult<ExpungedMessages> gone;
  // It may have been closed a moment ago, when the right to read it was taken away.
  if (client.selected && client.selected->rights().has(Right::expunge)) {
    gone = co_await expunge_deleted(client, std::nullopt);
  }
  client.selected.reset();
  co_return gone ? completed(command) : refusal_of(gone.error());
}

}  // namespace postrider::imap
