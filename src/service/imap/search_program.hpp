#pragma once

#include "selected_mailbox.hpp"

#include <optional>
#include <string>
#include <vector>

#include <postrider/codec/imap/search.hpp>
#include <postrider/codec/imap/text_match.hpp>
#include <postrider/codec/imap/text_words.hpp>
#include <postrider/flow/text_index.hpp>

namespace postrider::imap {

// What is known of a message while it is searched: each further part costs more to read.
struct SearchSubject {
  NumberedUid message;
  const store::MailFacts* facts = nullptr;
  // Fields of its header, with what stands in front of the body in this copy alone.
  std::optional<std::string> header;
  bool is_header_whole = false;  // else the listed fields alone
  // Its bodies and the headers of messages in it, decoded to UTF-8.
  std::optional<std::vector<std::string>> texts;
  std::optional<std::uint8_t> relevance;  // found out while these were at hand
};

// A search key, made ready: sets resolved, words folded. It answers with what is known, and says
// if that is not enough.
class SearchProgram {
 public:
  enum class Truth : std::uint8_t { no, yes, unknown };

  // Message numbers that there are not fit nothing. RFC 9051 9 would have them refused, but clients
  // that search while others expunge are not served by that, and no other server does it.
  [[nodiscard]] static SearchProgram make(const SearchKey& key, const SelectedMailbox& selected,
                                          WallTime now);
  // What a full-text index is asked for it. Empty: nothing that one knows of.
  [[nodiscard]] const std::vector<flow::TextQuestion>& questions() const { return questions_; }
  // What it answers; judge() takes it from there.
  void set_answers(flow::TextAnswers answers) { answers_ = std::move(answers); }

  // `selected` as it was given to make().
  [[nodiscard]] Truth judge(const SearchSubject& subject, const SelectedMailbox& selected) const {
    return judge(root_, subject, selected);
  }
  // RFC 6203 4: how well a message does that fits, 1 to 100, by its fuzzy keys.
  [[nodiscard]] std::uint8_t relevance(const SearchSubject& subject) const;
  // The numbers outside of which nothing can match.
  [[nodiscard]] const std::vector<NumberRun>& candidates() const { return candidates_; }
  // Whether a key asks about headers at all.
  [[nodiscard]] bool needs_header() const { return needs_header_; }
  // Whether listed fields are not enough to answer about them.
  [[nodiscard]] bool needs_whole_header() const { return needs_whole_header_; }

 private:
  struct Node {
    SearchKind kind{};
    std::uint8_t flag = 0;
    std::string name;
    std::string text;
    std::uint64_t number = 0;
    std::chrono::sys_days date{};
    std::vector<NumberRun> numbers;
    std::optional<TextNeedle> needle;
    std::optional<FuzzyNeedle> fuzzy;  // in place of `needle`
    std::optional<std::size_t> question;
    std::vector<Node> nodes;
  };

  void build(const SearchKey& key, const SelectedMailbox& selected, bool fuzzy, Node& out);
  void build_text(const SearchKey& key, bool fuzzy, Node& out);
  Truth judge(const Node& node, const SearchSubject& subject,
              const SelectedMailbox& selected) const;
  Truth judge_facts(const Node& node, const store::MailFacts& facts) const;
  // What the index says: unknown, if it does not decide.
  Truth judge_indexed(const Node& node, const SearchSubject& subject) const;
  Truth judge_header(const Node& node, const SearchSubject& subject) const;
  static Truth judge_sent(const Node& node, const SearchSubject& subject);
  Truth judge_text(const Node& node, const SearchSubject& subject) const;
  static std::uint8_t score_of_header(const Node& node, const SearchSubject& subject);
  static std::uint8_t score_of_text(const Node& node, const SearchSubject& subject);
  std::uint8_t score(const Node& node, const SearchSubject& subject) const;
  void add_scores(const Node& node, const SearchSubject& subject,
                  std::vector<std::uint8_t>& out) const;
  static Truth judge_flag(const Node& node, const SearchSubject& subject,
                          const SelectedMailbox& selected);

  WallTime now_{};
  Node root_;
  std::vector<NumberRun> candidates_;
  std::vector<flow::TextQuestion> questions_;
  flow::TextAnswers answers_;
  bool needs_header_ = false;
  bool needs_whole_header_ = false;
};

}  // namespace postrider::imap
