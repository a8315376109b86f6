// Questions to an index: postings of the words that fit, put together by message.
#include "index_file.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

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
  // 0: no.
  [[nodiscard]] unsigned judge(std::string_view word_there) const {
    if (is_fuzzy) {
      return imap::FuzzyNeedle::likeness(word, word_there);
    }
    const bool holds = word_there.size() >= word.size() &&
                       memmem(word_there.data(), word_there.size(), word.data(), word.size());
    return holds ? 100 : 0;
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

// One walk through the words of the account for all questions.
void find_terms(const Xapian::Database& database, std::vector<Asked>& all, char prefix) {
  std::vector<Wanted*> wanted;
  for (Asked& asked : all) {
    for (Wanted& word : asked.words) {
      if (!word.is_in(prefix)) {
        continue;
      }
      if (word.is_whole) {
        word.terms.push_back({.name = prefix + word.word});
      } else {
        wanted.push_back(&word);
      }
    }
  }
  if (wanted.empty()) {
    return;
  }
  const std::string begin(1, prefix);
  for (auto at = database.allterms_begin(begin); at != database.allterms_end(begin); ++at) {
    const std::string term = *at;
    const std::string_view word = std::string_view(term).substr(1);
    for (Wanted* one : wanted) {
      if (const unsigned likeness = one->judge(word); likeness > 0) {
        one->terms.push_back({.name = term, .likeness = likeness});
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
                                         const std::vector<TextQuestion>& questions) {
  using Answers = IndexResult<flow::TextAnswers>;
  return guarded<flow::TextAnswers>(directory, [&]() -> Answers {
    const Xapian::Database database(directory);
    check_format(database);
    const std::string record = database.get_metadata(mailbox_key(mailbox));
    if (record.empty()) {
      return flow::TextAnswers();
    }
    IndexedMailbox known = decode_mailbox(record);
    if (known.uid_validity != uid_validity) {
      return flow::TextAnswers();
    }
    const auto documents = documents_of(database, mailbox, known);
    const auto uids = uids_of(known.known);
    std::vector<Asked> all;
    for (const TextQuestion& question : questions) {
      all.push_back(asked_of(question));
    }
    find_terms(database, all, body_prefix);
    find_terms(database, all, header_prefix);
    flow::TextAnswers out;
    for (const Asked& asked : all) {
      out.answers.push_back(answer(database, documents, uids, asked));
    }
    out.known = std::move(known.known);
    return out;
  });
}

}  // namespace postrider::search
