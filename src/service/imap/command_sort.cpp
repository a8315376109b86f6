// SORT and UID SORT (RFC 5256, RFC 5957, RFC 5267).
#include "command_table.hpp"
#include "listed_messages.hpp"
#include "search_answer.hpp"

#include <utility>

#include <postrider/codec/imap/message_order.hpp>

namespace postrider::imap {

engine::Task<Status> run_sort(Client& client, const Command& command) {
  const auto& arguments = std::get<SortArguments>(command.arguments);
  auto searched = co_await search_messages(
      client, {.mailbox = *client.selected,
               .key = arguments.search.key,
               .wants_modseq = mentions(arguments.search.key, SearchKind::modseq),
               .all_or_none = true});
  if (!searched) {
    co_return searched.error();
  }
  const auto listed = co_await list_messages(client, std::move(searched->found),
                                             {.texts = texts_of(arguments.criteria)});
  if (!listed) {
    co_return listed.error();
  }
  std::vector<FoundMessage> sorted;
  const auto sort = [&listed, &arguments, &sorted] {
    sorted.reserve(listed->found.size());
    for (const std::uint32_t at : sort_messages(listed->summaries, arguments.criteria)) {
      sorted.push_back(listed->found[at]);
    }
  };
  co_await client.shared.work(listed->found.size(), sort);
  write_search_answer(
      client, command.tag,
      {.found = std::move(sorted), .arguments = arguments.search, .is_sorted = true});
  co_return completed(command);
}

}  // namespace postrider::imap
