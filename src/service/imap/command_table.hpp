#pragma once

#include "client.hpp"
#include "replies.hpp"

#include <postrider/codec/imap/capability.hpp>
#include <postrider/codec/imap/command.hpp>

namespace postrider::imap {

// A command: one row, one function, in a file of its own or of its family. When it is legal, and
// what must be offered for it, is the session's (codec/imap); what it answers is here.
struct ServedCommand {
  // What may be told of the selected mailbox before the command's end (RFC 9051 7.5.1).
  enum class News : std::uint8_t {
    all,
    by_form,  // no EXPUNGE unless it is the UID form: FETCH, STORE, SEARCH and their like
    none,     // it told all itself, or has nothing selected any more
  };
  Verb verb{};
  News news = News::all;
  // In: the command, which outlives the Task. Writes untagged responses; out: how it ended.
  engine::Task<Status> (*run)(Client& client, const Command& command) = nullptr;
  // It works on the selected mailbox and on nothing else.
  bool needs_mailbox = false;
};
[[nodiscard]] const ServedCommand& row_of(Verb verb);
void tell_after(Client& client, const ServedCommand& row, const Command& command);

// What stands behind the rows.
[[nodiscard]] CapabilitySet served_capabilities();

engine::Task<Status> run_nothing(Client& client, const Command& command);  // NOOP, CHECK, IDLE
engine::Task<Status> run_not_served(Client& client, const Command& command);
engine::Task<Status> run_select(Client& client, const Command& command);  // EXAMINE, too
engine::Task<Status> run_unselect(Client& client, const Command& command);
engine::Task<Status> run_close(Client& client, const Command& command);
engine::Task<Status> run_append(Client& client, const Command& command);
engine::Task<Status> run_fetch(Client& client, const Command& command);
engine::Task<Status> run_store(Client& client, const Command& command);
engine::Task<Status> run_copy(Client& client, const Command& command);  // MOVE, too
engine::Task<Status> run_search(Client& client, const Command& command);
engine::Task<Status> run_sort(Client& client, const Command& command);
engine::Task<Status> run_thread(Client& client, const Command& command);
engine::Task<Status> run_expunge(Client& client, const Command& command);
engine::Task<Status> run_get_quota(Client& client, const Command& command);
engine::Task<Status> run_get_quota_root(Client& client, const Command& command);
engine::Task<Status> run_set_quota(Client& client, const Command& command);
engine::Task<Status> run_uid_batches(Client& client, const Command& command);
engine::Task<Status> run_notify(Client& client, const Command& command);
engine::Task<Status> run_esearch(Client& client, const Command& command);
engine::Task<Status> run_create(Client& client, const Command& command);
engine::Task<Status> run_delete(Client& client, const Command& command);
engine::Task<Status> run_rename(Client& client, const Command& command);
engine::Task<Status> run_subscribe(Client& client, const Command& command);  // UNSUBSCRIBE, too
engine::Task<Status> run_list(Client& client, const Command& command);
engine::Task<Status> run_lsub(Client& client, const Command& command);
engine::Task<Status> run_replace(Client& client, const Command& command);
engine::Task<Status> run_set_acl(Client& client, const Command& command);  // DELETEACL, too
engine::Task<Status> run_get_acl(Client& client, const Command& command);
engine::Task<Status> run_list_rights(Client& client, const Command& command);
engine::Task<Status> run_my_rights(Client& client, const Command& command);
engine::Task<Status> run_get_metadata(Client& client, const Command& command);
engine::Task<Status> run_set_metadata(Client& client, const Command& command);
engine::Task<Status> run_namespace(Client& client, const Command& command);
engine::Task<Status> run_status(Client& client, const Command& command);

}  // namespace postrider::imap
