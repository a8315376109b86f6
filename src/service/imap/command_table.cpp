#include "command_table.hpp"

#include "telling.hpp"

#include <array>
#include <variant>

namespace postrider::imap {
namespace {

using News = ServedCommand::News;

// In the order of Verb. What the session answers by itself never comes here.
constexpr std::array rows = {
    ServedCommand{Verb::capability, News::all, run_not_served},
    ServedCommand{Verb::noop, News::all, run_nothing},
    ServedCommand{Verb::logout, News::none, run_not_served},
    ServedCommand{Verb::id, News::all, run_not_served},
    ServedCommand{Verb::starttls, News::none, run_not_served},
    ServedCommand{Verb::authenticate, News::none, run_not_served},
    ServedCommand{Verb::login, News::none, run_not_served},
    ServedCommand{Verb::enable, News::all, run_not_served},
    ServedCommand{Verb::select, News::none, run_select},
    ServedCommand{Verb::examine, News::none, run_select},
    ServedCommand{Verb::create, News::all, run_create},
    ServedCommand{Verb::remove, News::all, run_delete},
    ServedCommand{Verb::rename, News::all, run_rename},
    ServedCommand{Verb::subscribe, News::all, run_subscribe},
    ServedCommand{Verb::unsubscribe, News::all, run_subscribe},
    ServedCommand{Verb::list, News::all, run_list},
    ServedCommand{Verb::lsub, News::all, run_lsub},
    ServedCommand{Verb::name_space, News::all, run_namespace},
    ServedCommand{Verb::status, News::all, run_status},
    ServedCommand{Verb::append, News::all, run_append},
    ServedCommand{Verb::idle, News::all, run_nothing},
    ServedCommand{Verb::close, News::none, run_close},
    ServedCommand{Verb::unselect, News::none, run_unselect},
    ServedCommand{Verb::check, News::all, run_nothing, true},
    ServedCommand{Verb::expunge, News::all, run_expunge, true},
    ServedCommand{Verb::search, News::by_form, run_search, true},
    ServedCommand{Verb::fetch, News::by_form, run_fetch, true},
    ServedCommand{Verb::store, News::by_form, run_store, true},
    ServedCommand{Verb::copy, News::all, run_copy, true},
    ServedCommand{Verb::move, News::all, run_copy, true},
    ServedCommand{Verb::sort, News::by_form, run_sort, true},
    ServedCommand{Verb::thread, News::by_form, run_thread, true},
    ServedCommand{Verb::replace, News::all, run_replace, true},
    ServedCommand{Verb::esearch, News::all, run_esearch},
    ServedCommand{Verb::compress, News::none, run_not_served},
    ServedCommand{Verb::unauthenticate, News::none, run_nothing},
    ServedCommand{Verb::get_quota, News::all, run_get_quota},
    ServedCommand{Verb::get_quota_root, News::all, run_get_quota_root},
    ServedCommand{Verb::set_quota, News::all, run_set_quota},
    ServedCommand{Verb::set_acl, News::all, run_set_acl},
    ServedCommand{Verb::delete_acl, News::all, run_set_acl},
    ServedCommand{Verb::get_acl, News::all, run_get_acl},
    ServedCommand{Verb::list_rights, News::all, run_list_rights},
    ServedCommand{Verb::my_rights, News::all, run_my_rights},
    ServedCommand{Verb::get_metadata, News::all, run_get_metadata},
    ServedCommand{Verb::set_metadata, News::all, run_set_metadata},
    ServedCommand{Verb::notify, News::none, run_notify},
    ServedCommand{Verb::uid_batches, News::all, run_uid_batches, true},
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

// Whether the client named messages by UID, so that their numbers may change under it.
bool is_uid_form(const Command& command) {
  return std::visit(
      [](const auto& arguments) {
        if constexpr (requires { arguments.search.uid; }) {
          return arguments.search.uid;
        } else if constexpr (requires { arguments.uid; }) {
          return static_cast<bool>(arguments.uid);
        } else {
          return false;
        }
      },
      command.arguments);
}

}  // namespace

const ServedCommand& row_of(Verb verb) {
  return rows[static_cast<std::size_t>(verb)];
}

void tell_after(Client& client, const ServedCommand& row, const Command& command) {
  if (row.news == News::none) {
    return;
  }
  const bool uid = is_uid_form(command);
  const bool expunges = row.news == News::all || uid;
  const bool removes =
      command.verb == Verb::expunge || command.verb == Verb::move || command.verb == Verb::replace;
  tell_of_selected(client, removes ? Moment::own_expunge : Moment::command,
                   {.expunges = expunges, .uid = uid});
}

CapabilitySet served_capabilities() {
  using enum Capability;
  return {
      imap4rev2,      imap4rev1,     literal_plus,
      literal_minus,  sasl_ir,       id,
      enable,         idle,          name_space,
      children,       unselect,      uidplus,
      move,           special_use,   create_special_use,
      list_extended,  list_status,   status_size,
      status_deleted, condstore,     qresync,
      esearch,        searchres,     search_fuzzy,
      sort,           sort_display,  esort,
      thread,         within,        partial,
      i18n_level,     binary,        multiappend,
      append_limit,   compress,      quota,
      object_id,      save_date,     preview,
      utf8_accept,    notify,        multisearch,
      in_progress,    message_limit, uid_batches,
      unauthenticate, acl,           list_myrights,
      metadata,       replace,
  };
}

engine::Task<Status> run_nothing(Client&, const Command& command) {
  co_return completed(command);
}

// A capability that the table does not serve is not offered, so that the session refuses the
// command before.
engine::Task<Status> run_not_served(Client&, const Command&) {
  co_return bad("Unknown command");
}

}  // namespace postrider::imap
