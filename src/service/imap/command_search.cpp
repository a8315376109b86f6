// SEARCH and UID SEARCH (RFC 9051 6.4.4), with RETURN options and "$".
#include "command_table.hpp"
#include "message_limit.hpp"
#include "search_answer.hpp"

#include <utility>

namespace postrider::imap {

engine::Task<Status> run_search(Client& client, const Command& command) {
  const auto& arguments = std::get<SearchArguments>(command.arguments);
  auto found =
      co_await search_messages(client, {.mailbox = *client.selected,
                                        .key = arguments.key,
                                        .wants_modseq = mentions(arguments.key, SearchKind::modseq),
                                        .is_all_of_it = true});
  if (!found) {
    if (arguments.options.save && found.error().kind == Status::Kind::no) {
      client.selected->save({});  // RFC 5182 2.1
    }
    co_return std::move(found.error());
  }
  write_search_answer(client, command.tag,
                      {.found = std::move(found->found), .arguments = arguments});
  co_return cut_short(client, completed(command), found->lowest);
}

}  // namespace postrider::imap
