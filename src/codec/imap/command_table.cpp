#include "command_table.hpp"

#include <algorithm>
#include <array>

#include <postrider/base/text.hpp>

namespace postrider::imap {
namespace {

using Form = CommandRow::Form;
constexpr unsigned any = LegalIn::any;
constexpr unsigned before = LegalIn::not_authenticated;
constexpr unsigned in = LegalIn::logged_in;
constexpr unsigned selected = LegalIn::selected;
constexpr auto always = std::nullopt;

// Every command, when it is legal, what must be offered for it, and who reads its arguments.
constexpr std::array rows = {
    CommandRow{"CAPABILITY", Verb::capability, Form::plain, any, always, parse_nothing},
    CommandRow{"NOOP", Verb::noop, Form::plain, any, always, parse_nothing},
    CommandRow{"LOGOUT", Verb::logout, Form::plain, any, always, parse_nothing},
    CommandRow{"ID", Verb::id, Form::plain, any, Capability::id, parse_id},
    CommandRow{"STARTTLS", Verb::starttls, Form::plain, before, always, parse_nothing},
    CommandRow{"AUTHENTICATE", Verb::authenticate, Form::plain, before, always, parse_authenticate},
    CommandRow{"LOGIN", Verb::login, Form::plain, before, always, parse_login},
    CommandRow{"ENABLE", Verb::enable, Form::plain, in, Capability::enable, parse_enable},
    CommandRow{"SELECT", Verb::select, Form::plain, in, always, parse_select},
    CommandRow{"EXAMINE", Verb::examine, Form::plain, in, always, parse_select},
    CommandRow{"CREATE", Verb::create, Form::plain, in, always, parse_create},
    CommandRow{"DELETE", Verb::remove, Form::plain, in, always, parse_one_mailbox},
    CommandRow{"RENAME", Verb::rename, Form::plain, in, always, parse_rename},
    CommandRow{"SUBSCRIBE", Verb::subscribe, Form::plain, in, always, parse_one_mailbox},
    CommandRow{"UNSUBSCRIBE", Verb::unsubscribe, Form::plain, in, always, parse_one_mailbox},
    CommandRow{"LIST", Verb::list, Form::plain, in, always, parse_list},
    CommandRow{"LSUB", Verb::lsub, Form::plain, in, always, parse_lsub},
    CommandRow{"NAMESPACE", Verb::name_space, Form::plain, in, Capability::name_space,
               parse_nothing},
    CommandRow{"STATUS", Verb::status, Form::plain, in, always, parse_status},
    CommandRow{"APPEND", Verb::append, Form::plain, in, always, nullptr},
    CommandRow{"IDLE", Verb::idle, Form::plain, in, Capability::idle, parse_nothing},
    CommandRow{"CLOSE", Verb::close, Form::plain, selected, always, parse_nothing},
    CommandRow{"UNSELECT", Verb::unselect, Form::plain, selected, Capability::unselect,
               parse_nothing},
    CommandRow{"CHECK", Verb::check, Form::plain, selected, always, parse_nothing},
    CommandRow{"EXPUNGE", Verb::expunge, Form::uid_too, selected, always, parse_expunge},
    CommandRow{"SEARCH", Verb::search, Form::uid_too, selected, always, parse_search},
    CommandRow{"FETCH", Verb::fetch, Form::uid_too, selected, always, parse_fetch},
    CommandRow{"STORE", Verb::store, Form::uid_too, selected, always, parse_store},
    CommandRow{"COPY", Verb::copy, Form::uid_too, selected, always, parse_copy},
    CommandRow{"MOVE", Verb::move, Form::uid_too, selected, Capability::move, parse_copy},
    CommandRow{"SORT", Verb::sort, Form::uid_too, selected, Capability::sort, parse_sort},
    CommandRow{"THREAD", Verb::thread, Form::uid_too, selected, Capability::thread, parse_thread},
    CommandRow{"REPLACE", Verb::replace, Form::uid_too, selected, Capability::replace, nullptr},
    CommandRow{"ESEARCH", Verb::esearch, Form::plain, in, Capability::multisearch, parse_esearch},
    CommandRow{"COMPRESS", Verb::compress, Form::plain, in, Capability::compress, parse_compress},
    CommandRow{"UNAUTHENTICATE", Verb::unauthenticate, Form::plain, in, Capability::unauthenticate,
               parse_nothing},
    CommandRow{"GETQUOTA", Verb::get_quota, Form::plain, in, Capability::quota, parse_get_quota},
    CommandRow{"GETQUOTAROOT", Verb::get_quota_root, Form::plain, in, Capability::quota,
               parse_one_mailbox},
    CommandRow{"SETQUOTA", Verb::set_quota, Form::plain, in, Capability::quota, parse_set_quota},
    CommandRow{"SETACL", Verb::set_acl, Form::plain, in, Capability::acl, parse_set_acl},
    CommandRow{"DELETEACL", Verb::delete_acl, Form::plain, in, Capability::acl, parse_acl_of_one},
    CommandRow{"GETACL", Verb::get_acl, Form::plain, in, Capability::acl, parse_acl_of_mailbox},
    CommandRow{"LISTRIGHTS", Verb::list_rights, Form::plain, in, Capability::acl, parse_acl_of_one},
    CommandRow{"MYRIGHTS", Verb::my_rights, Form::plain, in, Capability::acl, parse_acl_of_mailbox},
    CommandRow{"GETMETADATA", Verb::get_metadata, Form::plain, in, Capability::metadata,
               parse_get_metadata},
    CommandRow{"SETMETADATA", Verb::set_metadata, Form::plain, in, Capability::metadata,
               parse_set_metadata},
    CommandRow{"NOTIFY", Verb::notify, Form::plain, in, Capability::notify, parse_notify},
    CommandRow{"UIDBATCHES", Verb::uid_batches, Form::plain, selected, Capability::uid_batches,
               parse_uid_batches},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].verb) != i) {
      return false;
    }
  }
  return rows.back().verb == Verb::uid_batches;
}
static_assert(is_in_order());

}  // namespace

const CommandRow* find_command(std::string_view name, bool uid) {
  const auto row = std::ranges::find_if(rows, [name](const CommandRow& candidate) {
    return equals_ignoring_case(candidate.name, name);
  });
  const bool found = row != rows.end() && (!uid || row->form == Form::uid_too);
  return found ? &*row : nullptr;
}

std::string_view name_of(Verb verb) {
  return rows[static_cast<std::size_t>(verb)].name;
}

std::optional<Verb> parse_verb(std::string_view name, bool uid) {
  const CommandRow* row = find_command(name, uid);
  return row == nullptr ? std::nullopt : std::optional(row->verb);
}

Arguments parse_nothing(Reader&, bool) {
  return {};
}

}  // namespace postrider::imap
