// Questions to an index: postings of the words that fit, put together by message.
#include "index_file.hpp"
#include "index_memory.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include <postrider/base/assert.hpp>
#include <postrider/codec/imap/text_words.hpp>

namespace postrider::search {
namespace {

using flow::TextAnswer;
using flow::TextQuestion;

// One word of one question, and the terms that do for it.
struct Wanted {
  std::string word;
  bool is_whole = false;
  bool is_fuzzy = false;
  bool in_header = false;
  bool in_body = false;
  struct Term {
    std::string name;
    unsigned likeness = 100;
  };
  std::vector<Term> terms;

  [[nodiscard]] bool is_in(char prefix) const {
    return prefix == body_prefix ? in_body : in_header;
  }
};

struct Asked {
  std::vector<Wanted> words;
  bool is_exact = false;
  bool is_fuzzy = false;
};

Asked asked_of(const TextQuestion& question) {
  Asked out;
  const bool in_header = question.where != TextQuestion::Where::body;
  const bool in_body = question.where != TextQuestion::Where::header;
  if (question.is_fuzzy) {
    for (const std::string& word : imap::FuzzyNeedle(question.text).words()) {
      out.words.push_back({.word = word,
                           .is_fuzzy = true,
                           .in_header = in_header,
                           .in_body = in_body,
                           .terms = {}});
    }
    out.is_fuzzy = !out.words.empty();
  }
  if (!out.is_fuzzy) {
    const imap::NeedleWords needle = imap::words_of_needle(question.text);
    for (const imap::NeedleWord& word : needle.words) {
      out.words.push_back({.word = word.text,
                           .is_whole = word.is_whole,
                           .in_header = in_header,
                           .in_body = in_body,
                           .terms = {}});
    }
    out.is_exact = needle.is_exact;
  }
  // Which field a word is of the index can't tell.
  out.is_exact = (out.is_exact || out.is_fuzzy) && question.where != TextQuestion::Where::header;
  return out;
}

// An index that is open, with what is remembered of it.
class OpenIndex {
 public:
  OpenIndex(const std::string& directory, IndexMemory& memory)
      : directory_(directory), database_(directory), memory_(memory) {
    check_format(database_);
    stamp_ = database_.get_uuid() + ' ' + std::to_string(database_.get_revision());
  }
  [[nodiscard]] const Xapian::Database& database() const { return database_; }

  // All words with this prefix, each between two NULs, which no word has.
  [[nodiscard]] IndexMemory::Octets words(char prefix) const {
    return memory_.part(directory_ + '/' + prefix, stamp_, [this, prefix] {
      std::string out(1, word_end);
      const std::string begin(1, prefix);
      for (auto at = database_.allterms_begin(begin); at != database_.allterms_end(begin); ++at) {
        out.append(*at, 1).push_back(word_end);
      }
      return out;
    });
  }

  // As documents_of().
  [[nodiscard]] std::vector<Xapian::docid> documents(store::MailboxId id,
                                                     const IndexedMailbox& mailbox) const {
    const auto octets = memory_.part(directory_ + '/' + mailbox_term(id), stamp_, [&] {
      const auto found = documents_of(database_, id, mailbox);
      return std::string(reinterpret_cast<const char*>(found.data()),
                         found.size() * sizeof(Xapian::docid));
    });
    std::vector<Xapian::docid> out(octets->size() / sizeof(Xapian::docid));
    std::memcpy(out.data(), octets->data(), octets->size());
    return out;
  }

  static constexpr char word_end = '\0';

 private:
  std::string directory_;
  Xapian::Database database_;
  IndexMemory& memory_;
  std::string stamp_;
};

void find_holders(std::string_view words, char prefix, Wanted& wanted) {
  check(!wanted.word.empty(), "a needle's words have letters");
  for (std::size_t at = words.find(wanted.word); at != std::string_view::npos;
       at = words.find(wanted.word, at)) {
    const std::size_t begin = words.rfind(OpenIndex::word_end, at) + 1;
    at = words.find(OpenIndex::word_end, at);
    wanted.terms.push_back({.name = prefix + std::string(words.substr(begin, at - begin))});
  }
}

void find_alike(std::string_view words, char prefix, Wanted& wanted) {
  for (std::size_t begin = 1; begin < words.size();) {
    const std::size_t end = words.find(OpenIndex::word_end, begin);
    const std::string_view word = words.substr(begin, end - begin);
    if (const unsigned likeness = imap::FuzzyNeedle::likeness(wanted.word, word); likeness > 0) {
      wanted.terms.push_back({.name = prefix + std::string(word), .likeness = likeness});
    }
    begin = end + 1;
  }
}

void find_terms(const OpenIndex& index, std::vector<Asked>& all, char prefix) {
  for (Asked& asked : all) {
    for (Wanted& word : asked.words) {
      if (!word.is_in(prefix)) {
        continue;
      }
      if (word.is_whole) {
        word.terms.push_back({.name = prefix + word.word});
      } else if (word.is_fuzzy) {
        find_alike(*index.words(prefix), prefix, word);
      } else {
        find_holders(*index.words(prefix), prefix, word);
      }
    }
  }
}

// The best strength that each message has for a word; 0: it has it not.
std::vector<double> strengths(const Xapian::Database& database,
                              const std::vector<Xapian::docid>& documents, const Wanted& wanted) {
  std::vector<double> out(documents.size(), 0);
  for (const Wanted::Term& term : wanted.terms) {
    auto place = documents.begin();
    for (auto at = database.postlist_begin(term.name);
         at != database.postlist_end(term.name) && place != documents.end(); ++at) {
      place = std::lower_bound(place, documents.end(), *at);
      if (place == documents.end() || *place != *at) {
        continue;  // another mailbox's
      }
      double& best = out[static_cast<std::size_t>(place - documents.begin())];
      best = std::max(
          best, wanted.is_fuzzy ? imap::FuzzyNeedle::strength(term.likeness, at.get_wdf()) : 1);
    }
  }
  return out;
}

TextAnswer answer(const Xapian::Database& database, const std::vector<Xapian::docid>& documents,
                  const std::vector<store::Uid>& uids, const Asked& asked) {
  TextAnswer out;
  out.is_exact = asked.is_exact;
  constexpr double has_not = -1;
  std::vector<double> sums(uids.size(), 0);
  for (const Wanted& wanted : asked.words) {
    const auto each = strengths(database, documents, wanted);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i] = sums[i] == has_not || each[i] == 0 ? has_not : sums[i] + each[i];
    }
  }
  for (std::size_t i = 0; i < uids.size(); ++i) {
    if (sums[i] == has_not) {
      continue;
    }
    out.found.insert(uids[i]);
    if (asked.is_fuzzy) {
      out.scores.push_back(imap::FuzzyNeedle::score_of(sums[i], asked.words.size()));
    }
  }
  return out;
}

}  // namespace

IndexResult<flow::TextAnswers> ask_index(const std::string& directory, store::MailboxId mailbox,
                                         std::uint32_t uid_validity,
                                         const std::vector<TextQuestion>& questions,
                                         IndexMemory& memory) {
  using Answers = IndexResult<flow::TextAnswers>;
  return guarded<flow::TextAnswers>(directory, [&]() -> Answers {
    const OpenIndex index(directory, memory);
    const std::string record = index.database().get_metadata(mailbox_key(mailbox));
    if (record.empty()) {
      return flow::TextAnswers();
    }
    IndexedMailbox known = decode_mailbox(record);
    if (known.uid_validity != uid_validity) {
      return flow::TextAnswers();
    }
    const auto documents = index.documents(mailbox, known);
    const auto uids = known.known.members();
    std::vector<Asked> all;
    for (const TextQuestion& question : questions) {
      all.push_back(asked_of(question));
    }
    find_terms(index, all, body_prefix);
    find_terms(index, all, header_prefix);
    flow::TextAnswers out;
    for (const Asked& asked : all) {
      out.answers.push_back(answer(index.database(), documents, uids, asked));
    }
    out.known = std::move(known.known);
    return out;
  });
}

}  // namespace postrider::search
