// SEARCH and UID SEARCH (RFC 9051 6.4.4), with RETURN options and "$".
#include "command_table.hpp"
#include "search_answer.hpp"

#include <utility>

namespace postrider::imap {

engine::Task<Status> run_search(Client& client, const Command& command) {
  const auto& arguments = std::get<SearchArguments>(command.arguments);
  auto found =
      co_await search_messages(client, arguments.key, mentions(arguments.key, SearchKind::modseq));
  if (!found) {
    if (arguments.options.save && found.error().kind == Status::Kind::no) {
      client.selected->save({});  // RFC 5182 2.1
    }
    co_return std::move(found.error());
  }
  write_search_answer(client, command.tag, {.found = *std::move(found), .arguments = arguments});
  co_return completed(command);
}

}  // namespace postrider::imap
