// THREAD and UID THREAD (RFC 5256).
#include "command_table.hpp"
#include "listed_messages.hpp"

#include <deque>
#include <utility>

#include <postrider/codec/imap/base_subject.hpp>
#include <postrider/codec/imap/search_response.hpp>
#include <postrider/codec/imap/sort_key.hpp>
#include <postrider/codec/imap/thread.hpp>
#include <postrider/codec/mime/encoded_word.hpp>
#include <postrider/codec/mime/message_id.hpp>

namespace postrider::imap {
namespace {

// What a ThreadMessage looks into; it stays where it is.
struct Texts {
  std::string id;
  std::vector<std::string> references;
  std::vector<std::string_view> views;
  std::string subject;
};

ThreadMessage message_of(const ListedMessages& messages, ThreadAlgorithm algorithm, bool uid,
                         Texts& texts) {
  ThreadMessage out;
  out.number = uid ? messages.message().uid : messages.message().number;
  out.sent = sent_time(messages);
  const std::string subject = messages.field("Subject");
  texts.subject = subject_sort_key(subject);
  out.subject = texts.subject;
  out.is_reply = base_subject(mime::decode_words(subject)).is_reply;
  if (algorithm == ThreadAlgorithm::references) {
    texts.id = mime::parse_message_id(messages.field("Message-ID")).value_or("");
    texts.references = mime::parse_message_ids(messages.field("References"));
    if (texts.references.empty()) {
      texts.references = mime::parse_message_ids(messages.field("In-Reply-To"));
      texts.references.resize(std::min<std::size_t>(texts.references.size(), 1));
    }
    texts.views.assign(texts.references.begin(), texts.references.end());
    out.id = texts.id;
    out.references = texts.views;
  }
  return out;
}

}  // namespace

engine::Task<Status> run_thread(Client& client, const Command& command) {
  const auto& arguments = std::get<ThreadArguments>(command.arguments);
  const auto searched = co_await search_messages(
      client, {.mailbox = *client.selected, .key = arguments.search.key, .all_or_none = true});
  if (!searched) {
    co_return searched.error();
  }
  std::deque<Texts> texts;
  std::vector<ThreadMessage> rows;
  ListedMessages messages(client, searched->found);
  while (co_await messages.next()) {
    rows.push_back(
        message_of(messages, arguments.algorithm, arguments.search.uid, texts.emplace_back()));
  }
  if (messages.error()) {
    co_return *messages.error();
  }
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
