#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <postrider/engine/task.hpp>
#include <postrider/store/mailbox_records.hpp>
#include <postrider/store/uid_set.hpp>

// What services know of the full-text index of accounts' mail; it is made by service/search.
namespace postrider::flow {

// What one text key of a search looks for.
struct TextQuestion {
  enum class Where : std::uint8_t {
    body,    // text parts, and headers of messages inside
    header,  // the fields of the message's own header
    any,     // either
  };
  Where where{};
  std::string text;  // UTF-8
  bool is_fuzzy = false;
};
struct TextAnswer {
  // Those that fit; or, unless it is exact, those outside of which none does.
  store::UidSet found;
  bool is_exact = false;
  // Of a fuzzy and exact answer: how well each of `found` does, 1 to 100, in their order.
  std::vector<std::uint8_t> scores;
};
struct TextAnswers {
  store::UidSet known;              // of all others nothing is said
  std::vector<TextAnswer> answers;  // one a question
};

// The mailbox that is asked about.
struct IndexedPlace {
  store::MailAccountId account{};
  std::string owner;  // the account's name
  store::MailboxId mailbox{};
  std::uint32_t uid_validity = 0;
};

// Shard: one a core.
class TextIndex {
 public:
  virtual ~TextIndex() = default;
  // Does not fail: what the index can't tell is not in `known`. An account that is asked about has
  // an index from then on. Cost: a look at the words of the account, off the core.
  virtual engine::Task<TextAnswers> ask(IndexedPlace place,
                                        std::vector<TextQuestion> questions) = 0;
  // Somebody reads this account's mail: if it has an index, it is brought up to date.
  virtual void note_used(store::MailAccountId account) = 0;
};

struct TextIndexState {
  bool exists = false;
  bool is_busy = false;        // it is being brought up to date, or will be in a moment
  std::uint64_t messages = 0;  // that the account has
  std::uint64_t indexed = 0;
  std::uint64_t skipped = 0;  // too large or damaged: searches read them
  std::uint64_t size_bytes = 0;
};

// For operators. Shard: that of the implementation.
class TextIndexDesk {
 public:
  virtual ~TextIndexDesk() = default;
  // nullopt: there is no such account, or it can't be read now.
  virtual engine::Task<std::optional<TextIndexState>> state(store::MailAccountId account) = 0;
  // Throws away what there is, and makes it anew behind what goes on.
  virtual engine::Task<void> rebuild(store::MailAccountId account, std::string owner) = 0;
};

}  // namespace postrider::flow
