#include "message_search.hpp"

#include "message_limit.hpp"
#include "read_ahead.hpp"
#include "replies.hpp"
#include "search_program.hpp"
#include "sequences.hpp"
#include "stored_message.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/searchable_text.hpp>

namespace postrider::imap {
namespace {

constexpr std::size_t facts_slice = 1000;   // messages of which facts are read at a time
constexpr std::size_t details_slice = 250;  // of which details are
constexpr std::size_t bodies_slice = 50;    // of which bodies are
// Decoded and compared where it was read; more than this goes to the pool.
constexpr std::size_t octets_on_core = 16 * 1024;

using Truth = SearchProgram::Truth;
using Found = Result<Searched, Status>;

class MessageSearch {
 public:
  MessageSearch(Client& client, const SearchProgram& program, const SearchOrder& order)
      : client_(client),
        selected_(order.mailbox),
        program_(program),
        wants_modseq_(order.wants_modseq),
        is_fuzzy_(is_fuzzy(order.key)),
        is_all_of_it_(order.is_all_of_it) {}

  engine::Task<Found> run() {
    LimitedMessages limited = limit_messages(client_, selected_, program_.candidates());
    MessageCursor cursor = selected_.cursor(std::move(limited.numbers));
    Searched out{.found = {}, .lowest = limited.lowest};
    if (is_all_of_it_) {
      client_.progress.set_goal(cursor.size());
    }
    for (auto messages = cursor.take(facts_slice); !messages.empty();
         messages = cursor.take(facts_slice)) {
      const std::size_t looked_at = looked_at_;
      if (auto refusal = co_await search(messages, out.found)) {
        co_return failure(*std::move(refusal));
      }
      co_await client_.advance(messages.size() - (looked_at_ - looked_at));
    }
    co_return out;
  }

 private:
  // One that must be read, with what is known of it so far.
  struct Open {
    NumberedUid message;
    StoredMessage* stored = nullptr;
    SearchSubject subject;
  };

  engine::Task<std::optional<Status>> search(const std::vector<NumberedUid>& messages,
                                             std::vector<FoundMessage>& found) {
    std::vector<store::Uid> open;
    std::vector<NumberedUid> open_messages;
    const std::size_t begin = found.size();
    for (const NumberedUid& message : messages) {
      const Truth truth = program_.judge({.message = message}, selected_);
      if (truth == Truth::yes && !wants_modseq_) {
        found.push_back({.message = message, .relevance = relevance({.message = message})});
      } else if (truth != Truth::no) {
        open.push_back(message.uid);
        open_messages.push_back(message);
      }
    }
    if (open.empty()) {
      co_return std::nullopt;
    }
    auto rows = co_await selected_.shared().facts(std::move(open));
    if (!rows) {
      co_return refusal_of(rows.error());
    }
    auto refusal = co_await search_rows(open_messages, *std::move(rows), found);
    // Those that needed a look come after those that did not.
    std::ranges::sort(found.begin() + static_cast<std::ptrdiff_t>(begin), found.end(), {},
                      [](const FoundMessage& one) { return one.message.number; });
    co_return refusal;
  }

  // What the facts do not decide is read by slices: details, then bodies where a text needs them.
  engine::Task<std::optional<Status>> search_rows(const std::vector<NumberedUid>& messages,
                                                  std::vector<store::MailRow> rows,
                                                  std::vector<FoundMessage>& found) {
    std::vector<NumberedUid> open;
    std::vector<store::MailRow> open_rows;
    auto message = messages.begin();
    for (store::MailRow& row : rows) {
      const bool is_last = &row == &rows.back();
      while (message->uid != row.uid) {
        ++message;
      }
      const Truth truth = program_.judge({.message = *message, .facts = &row.facts}, selected_);
      if (truth == Truth::unknown) {
        open.push_back(*message);
        open_rows.push_back(std::move(row));
      } else {
        co_await conclude({*message, row.facts.modseq, relevance({.message = *message})}, truth,
                          found);
      }
      if (open.size() == details_slice || (!open.empty() && is_last)) {
        if (auto refusal = co_await look_into(open, std::move(open_rows), found)) {
          co_return refusal;
        }
        open.clear();
        open_rows.clear();
      }
    }
    co_return std::nullopt;
  }

  engine::Task<void> conclude(FoundMessage one, Truth truth, std::vector<FoundMessage>& found) {
    if (truth == Truth::yes) {
      found.push_back(one);
    }
    ++looked_at_;
    co_await client_.advance(1);
  }

  // `rows`: those of `messages`.
  engine::Task<std::optional<Status>> look_into(const std::vector<NumberedUid>& messages,
                                                std::vector<store::MailRow> rows,
                                                std::vector<FoundMessage>& found) {
    auto all = co_await read_ahead(client_.store(), selected_.account(), selected_.id(),
                                   std::move(rows), {.details = true});
    std::vector<Open> open;
    for (std::size_t i = 0; i < all.size(); ++i) {
      Open one{.message = messages[i],
               .stored = &all[i],
               .subject = {.message = messages[i], .facts = &std::as_const(all[i]).facts()}};
      Truth truth = Truth::unknown;
      if (program_.needs_header()) {
        const auto read = co_await read_listing(all[i], one.subject);
        if (!read && read.error() != store::MailError::not_found) {
          co_return refusal_of(read.error());
        }
        truth = read ? program_.judge(one.subject, selected_) : Truth::no;
      }
      if (truth == Truth::unknown) {
        open.push_back(std::move(one));
      } else {
        co_await conclude(found_message(one), truth, found);
      }
      if (open.size() == bodies_slice || (!open.empty() && i + 1 == all.size())) {
        if (auto refusal = co_await look_into_bodies(open, found)) {
          co_return refusal;
        }
        open.clear();
      }
    }
    co_return std::nullopt;
  }

  FoundMessage found_message(const Open& one) const {
    return {one.message, std::as_const(*one.stored).facts().modseq, relevance(one.subject)};
  }
  std::uint8_t relevance(const SearchSubject& subject) const {
    if (subject.relevance) {
      return *subject.relevance;
    }
    return is_fuzzy_ && !subject.texts ? program_.relevance(subject) : FoundMessage().relevance;
  }

  engine::Task<std::optional<Status>> look_into_bodies(std::vector<Open>& open,
                                                       std::vector<FoundMessage>& found) {
    std::vector<StoredMessage*> messages;
    messages.reserve(open.size());
    for (const Open& one : open) {
      messages.push_back(one.stored);
    }
    co_await read_bodies_ahead(client_.store(), messages);
    for (Open& one : open) {
      const auto fits = co_await judge(one);
      if (!fits) {
        co_return fits.error();
      }
      co_await conclude(found_message(one), *fits ? Truth::yes : Truth::no, found);
      one.stored->set_body({});  // what was read of one is not kept while others are
      one.subject.header.reset();
      one.subject.texts.reset();
    }
    co_return std::nullopt;
  }

  // Reads on until the answer is clear.
  engine::Task<Result<bool, Status>> judge(Open& open) {
    StoredMessage& stored = *open.stored;
    SearchSubject& subject = open.subject;
    Truth truth = Truth::unknown;
    if (!subject.is_header_whole && program_.needs_whole_header()) {
      auto header = co_await stored.header();
      if (!header) {
        co_return refused_or_gone(header.error());
      }
      subject.header = *std::move(header);
      subject.is_header_whole = true;
      truth = program_.judge(subject, selected_);
    }
    if (truth == Truth::unknown) {
      const auto judged = co_await judge_texts(stored, subject);
      if (!judged) {
        co_return refused_or_gone(judged.error());
      }
      truth = *judged;
    }
    co_return truth == Truth::yes;
  }

  // What was purged under the search is not found.
  static Result<bool, Status> refused_or_gone(store::MailError error) {
    if (error == store::MailError::not_found) {
      return false;
    }
    return failure(refusal_of(error));
  }

  static engine::Task<store::MailResult<void>> read_listing(StoredMessage& stored,
                                                            SearchSubject& subject) {
    const auto listing = co_await stored.listing();
    if (!listing) {
      co_return failure(listing.error());
    }
    if (listing->is_listed_cut) {
      auto header = co_await stored.header();
      if (!header) {
        co_return failure(header.error());
      }
      subject.header = *std::move(header);
      subject.is_header_whole = true;
      co_return store::MailResult<void>{};
    }
    std::string header(stored.trace());
    subject.header = std::move(header.append(listing->listed).append("\r\n"));
    co_return store::MailResult<void>{};
  }

  // In the order of the parts.
  static engine::Task<store::MailResult<std::vector<std::string>>> read_parts(
      StoredMessage& stored, const std::vector<SearchablePart>& parts) {
    const std::uint64_t trace = stored.facts().trace_bytes;
    std::vector<std::string> octets;
    for (const SearchablePart& part : parts) {
      auto read = co_await stored.read({trace + part.begin, trace + part.end});
      if (!read) {
        co_return failure(read.error());
      }
      octets.push_back(*std::move(read));
    }
    co_return octets;
  }

  engine::Task<store::MailResult<Truth>> judge_texts(StoredMessage& stored,
                                                     SearchSubject& subject) {
    const auto permit = co_await client_.shared.append_octets.acquire(
        std::min(2 * stored.facts().body_bytes, client_.shared.settings.append_octets_max),
        {client_.shared.doors.reactor.now() + client_.shared.settings.flush_timeout, {}});
    if (!permit) {
      co_return failure(store::MailError::full);
    }
    const auto structure = co_await stored.structure();
    if (!structure) {
      co_return failure(structure.error());
    }
    const std::vector<SearchablePart> parts = searchable_parts(**structure);
    const auto octets = co_await read_parts(stored, parts);
    if (!octets) {
      co_return failure(octets.error());
    }
    Truth truth = Truth::no;
    const auto look = [this, &subject, &parts, &octets, &truth] {
      subject.texts.emplace();
      for (std::size_t i = 0; i < parts.size(); ++i) {
        subject.texts->push_back(searchable_text(parts[i], (*octets)[i]));
      }
      truth = program_.judge(subject, selected_);
      if (is_fuzzy_ && truth == Truth::yes) {
        subject.relevance = program_.relevance(subject);
      }
    };
    if (stored.facts().body_bytes <= octets_on_core) {
      look();
    } else {
      // (void): the pool is bounded and its jobs end. The core does not touch what it looks at.
      (void)co_await client_.shared.doors.reactor.offload(look, engine::Until{});
    }
    co_return truth;
  }

  Client& client_;
  SelectedMailbox& selected_;
  const SearchProgram& program_;
  bool wants_modseq_;
  bool is_fuzzy_;
  bool is_all_of_it_;
  std::size_t looked_at_ = 0;  // messages that were read
};

}  // namespace

namespace {

// A few messages are read sooner than the index is opened.
constexpr std::uint64_t worth_asking = 20;

engine::Task<void> ask_index(Client& client, const SearchOrder& order, SearchProgram& program) {
  flow::TextIndex* index = client.shared.doors.text_index;
  if (index == nullptr || program.questions().empty() ||
      count_of(program.candidates()) < worth_asking) {
    co_return;
  }
  program.set_answers(
      co_await index->ask({.account = order.mailbox.account(),
                           .owner = order.mailbox.manner().owner,
                           .mailbox = order.mailbox.id(),
                           .uid_validity = order.mailbox.shared().row().uid_validity},
                          program.questions()));
}

}  // namespace

engine::Task<Result<Searched, Status>> search_messages(Client& client, SearchOrder order) {
  SearchProgram program =
      SearchProgram::make(order.key, order.mailbox, client.shared.doors.reactor.wall_now());
  if (order.all_or_none) {  // RFC 9738 3.3
    if (auto refusal = too_many_messages(client, order.mailbox, program.candidates(),
                                         /*tells_uid=*/false)) {
      co_return failure(*std::move(refusal));
    }
  }
  co_await ask_index(client, order, program);
  MessageSearch search(client, program, order);
  co_return co_await search.run();
}

}  // namespace postrider::imap
