// THREAD and UID THREAD (RFC 5256).
#include "command_table.hpp"
#include "listed_messages.hpp"

#include <memory_resource>
#include <span>
#include <utility>

#include <postrider/codec/imap/search_response.hpp>
#include <postrider/codec/imap/thread.hpp>

namespace postrider::imap {
namespace {

// The messages that are threaded, with the texts that they look into.
class ThreadTable {
 public:
  explicit ThreadTable(bool uid) : uid_(uid) {}

  void add(const ListedMessages& messages) {
    const SummaryView& summary = messages.summary();
    first_references_.push_back(references_.size());
    for (const std::string_view reference : summary.references) {
      references_.push_back(keep(texts_, reference));
    }
    rows_.push_back({.number = uid_ ? messages.message().uid : messages.message().number,
                     .sent = sent_time(messages),
                     .id = keep(texts_, summary.id),
                     .references = {},
                     .subject = keep(texts_, summary.subject),
                     .is_reply = summary.is_reply});
  }

  // All of them: none is added any more.
  [[nodiscard]] const std::vector<ThreadMessage>& finish() {
    first_references_.push_back(references_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      rows_[i].references =
          std::span(references_)
              .subspan(first_references_[i], first_references_[i + 1] - first_references_[i]);
    }
    return rows_;
  }

 private:
  bool uid_;
  std::pmr::monotonic_buffer_resource texts_;
  std::vector<ThreadMessage> rows_;
  std::vector<std::string_view> references_;
  std::vector<std::size_t> first_references_;  // of each row, in references_
};

}  // namespace

engine::Task<Status> run_thread(Client& client, const Command& command) {
  const auto& arguments = std::get<ThreadArguments>(command.arguments);
  const auto searched = co_await search_messages(
      client, {.mailbox = *client.selected, .key = arguments.search.key, .all_or_none = true});
  if (!searched) {
    co_return searched.error();
  }
  ThreadTable table(arguments.search.uid);
  ListedMessages messages(client, searched->found);
  while (co_await messages.next()) {
    table.add(messages);
  }
  if (messages.error()) {
    co_return *messages.error();
  }
  const std::vector<ThreadMessage>& rows = table.finish();
  ThreadForest threads;
  const auto grow = [&rows, &arguments, &threads, secret = client.shared.secret] {
    threads = arguments.algorithm == ThreadAlgorithm::references
                  ? thread_by_references(rows, secret)
                  : thread_by_subject(rows);
  };
  co_await client.shared.work(rows.size(), grow);
  encode_thread(threads, client.out());
  co_return completed(command);
}

}  // namespace postrider::imap
