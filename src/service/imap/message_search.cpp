#include "message_search.hpp"

#include "message_limit.hpp"
#include "replies.hpp"
#include "search_program.hpp"
#include "stored_message.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/text_match.hpp>
#include <postrider/codec/mime/structure.hpp>

namespace postrider::imap {
namespace {

constexpr std::size_t facts_slice = 1000;
// Decoded and compared where it was read; more than this goes to the pool.
constexpr std::size_t octets_on_core = 16 * 1024;

using Truth = SearchProgram::Truth;
using Found = Result<Searched, Status>;

bool has_text(const mime::Entity& entity) {
  return entity.kind == mime::EntityKind::leaf && entity.content_type.type == "text";
}

class MessageSearch {
 public:
  MessageSearch(Client& client, const SearchProgram& program, const SearchOrder& order)
      : client_(client),
        selected_(order.mailbox),
        program_(program),
        wants_modseq_(order.wants_modseq),
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
  engine::Task<std::optional<Status>> search(const std::vector<NumberedUid>& messages,
                                             std::vector<FoundMessage>& found) {
    std::vector<store::Uid> open;
    std::vector<NumberedUid> open_messages;
    const std::size_t begin = found.size();
    for (const NumberedUid& message : messages) {
      const Truth truth = program_.judge({.message = message}, selected_);
      if (truth == Truth::yes && !wants_modseq_) {
        found.push_back({message});
      } else if (truth != Truth::no) {
        open.push_back(message.uid);
        open_messages.push_back(message);
      }
    }
    if (open.empty()) {
      co_return std::nullopt;
    }
    auto rows =
        co_await client_.store().facts(selected_.account(), selected_.id(), std::move(open));
    if (!rows) {
      co_return refusal_of(rows.error());
    }
    auto message = open_messages.begin();
    for (store::MailRow& row : *rows) {
      while (message->uid != row.uid) {
        ++message;
      }
      const store::ModSeq modseq = row.facts.modseq;
      const auto fits = co_await judge(*message, std::move(row));
      if (!fits) {
        co_return fits.error();
      }
      if (*fits) {
        found.push_back({*message, modseq});
      }
      ++looked_at_;
      co_await client_.advance(1);
    }
    // Those that needed a look come after those that did not.
    std::ranges::sort(found.begin() + static_cast<std::ptrdiff_t>(begin), found.end(), {},
                      [](const FoundMessage& one) { return one.message.number; });
    co_return std::nullopt;
  }

  // Reads on until the answer is clear.
  engine::Task<Result<bool, Status>> judge(NumberedUid message, store::MailRow row) {
    StoredMessage stored(client_.store(), selected_.account(), selected_.id(), std::move(row));
    SearchSubject subject{.message = message, .facts = &stored.facts()};
    Truth truth = program_.judge(subject, selected_);
    if (truth == Truth::unknown) {
      if (const auto read = co_await read_listing(stored, subject); !read) {
        co_return refused_or_gone(read.error());
      }
      truth = program_.judge(subject, selected_);
    }
    if (truth == Truth::unknown && !subject.is_header_whole && program_.needs_whole_header()) {
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
    if ((*listing)->is_listed_cut) {
      auto header = co_await stored.header();
      if (!header) {
        co_return failure(header.error());
      }
      subject.header = *std::move(header);
      subject.is_header_whole = true;
      co_return store::MailResult<void>{};
    }
    const auto trace = co_await stored.load_trace();
    if (!trace) {
      co_return failure(trace.error());
    }
    subject.header = stored.trace() + (*listing)->listed + "\r\n";
    co_return store::MailResult<void>{};
  }

  struct Part {
    std::string encoding;
    std::string charset;
    std::string octets;
  };
  // Text parts, and the headers of messages inside.
  static engine::Task<store::MailResult<std::vector<Part>>> read_parts(StoredMessage& stored) {
    const auto structure = co_await stored.structure();
    if (!structure) {
      co_return failure(structure.error());
    }
    const std::uint64_t trace = stored.facts().trace_bytes;
    std::vector<Part> parts;
    const auto& entities = (*structure)->entities;
    for (std::size_t i = 0; i < entities.size(); ++i) {
      const mime::Entity& entity = entities[i];
      const bool is_inner_message =
          i > 0 && entities[entity.parent].kind == mime::EntityKind::message;
      if (is_inner_message) {
        auto header = co_await stored.read(
            {trace + entity.header_begin,
             trace + std::min(entity.body_begin,
                              entity.header_begin + StoredMessage::header_octets_max)});
        if (!header) {
          co_return failure(header.error());
        }
        parts.push_back({.encoding = "header", .charset = {}, .octets = *std::move(header)});
      }
      if (has_text(entity)) {
        auto octets = co_await stored.read({trace + entity.body_begin, trace + entity.end});
        if (!octets) {
          co_return failure(octets.error());
        }
        const auto charset = entity.content_type.parameter("charset");
        parts.push_back(
            {entity.encoding, std::string(charset.value_or("us-ascii")), *std::move(octets)});
      }
    }
    co_return parts;
  }

  engine::Task<store::MailResult<Truth>> judge_texts(StoredMessage& stored,
                                                     SearchSubject& subject) {
    const auto permit = co_await client_.shared.append_octets.acquire(
        std::min(2 * stored.facts().body_bytes, client_.shared.settings.append_octets_max),
        {client_.shared.doors.reactor.now() + client_.shared.settings.flush_timeout, {}});
    if (!permit) {
      co_return failure(store::MailError::full);
    }
    const auto parts = co_await read_parts(stored);
    if (!parts) {
      co_return failure(parts.error());
    }
    Truth truth = Truth::no;
    const auto look = [this, &subject, &parts, &truth] {
      subject.texts.emplace();
      for (const Part& part : *parts) {
        subject.texts->push_back(part.encoding == "header"
                                     ? decoded_field(part.octets)
                                     : decoded_text(part.encoding, part.charset, part.octets));
      }
      truth = program_.judge(subject, selected_);
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
  bool is_all_of_it_;
  std::size_t looked_at_ = 0;  // messages that were read
};

}  // namespace

engine::Task<Result<Searched, Status>> search_messages(Client& client, SearchOrder order) {
  const auto program = SearchProgram::make(
      order.key, order.mailbox,
      {.now = client.shared.doors.reactor.wall_now(), .clips_numbers = order.clips_numbers});
  if (!program) {
    co_return failure(bad("There is no message of that number"));
  }
  if (order.all_or_none) {
    if (auto refusal = too_many_messages(client, program->candidates())) {
      co_return failure(*std::move(refusal));
    }
  }
  MessageSearch search(client, *program, order);
  co_return co_await search.run();
}

}  // namespace postrider::imap
