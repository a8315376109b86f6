// THREAD and UID THREAD (RFC 5256).
#include "command_table.hpp"
#include "listed_messages.hpp"

#include <string>
#include <utility>

#include <postrider/codec/imap/search_response.hpp>
#include <postrider/codec/imap/thread.hpp>

namespace postrider::imap {
namespace {

SummaryTextSet texts_of(ThreadAlgorithm algorithm) {
  SummaryTextSet out;
  out.set(static_cast<std::size_t>(SummaryText::subject));
  out.set(static_cast<std::size_t>(SummaryText::id), algorithm == ThreadAlgorithm::references);
  return out;
}

}  // namespace

engine::Task<Status> run_thread(Client& client, const Command& command) {
  const auto& arguments = std::get<ThreadArguments>(command.arguments);
  auto searched = co_await search_messages(
      client, {.mailbox = *client.selected, .key = arguments.search.key, .all_or_none = true});
  if (!searched) {
    co_return searched.error();
  }
  const auto listed =
      co_await list_messages(client, std::move(searched->found),
                             {.texts = texts_of(arguments.algorithm), .uid = arguments.search.uid});
  if (!listed) {
    co_return listed.error();
  }
  std::string threads;
  const auto thread = [&listed, &arguments, &threads] {
    encode_thread(arguments.algorithm == ThreadAlgorithm::references
                      ? thread_by_references(listed->summaries)
                      : thread_by_subject(listed->summaries),
                  threads);
  };
  co_await client.shared.work(listed->found.size(), thread);
  client.out() += threads;
  co_return completed(command);
}

}  // namespace postrider::imap
