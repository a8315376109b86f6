#pragma once

#include "selected_mailbox.hpp"

#include <optional>
#include <string>
#include <vector>

#include <postrider/codec/imap/search.hpp>
#include <postrider/codec/imap/text_match.hpp>

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
};

// A search key, made ready: sets resolved, words folded. It answers with what is known, and says
// if that is not enough.
class SearchProgram {
 public:
  enum class Truth : std::uint8_t { no, yes, unknown };

  struct Making {
    WallTime now{};
    bool clips_numbers = false;  // message numbers that there are not fit nothing
  };
  // nullopt: a message number that there is not.
  [[nodiscard]] static std::optional<SearchProgram> make(const SearchKey& key,
                                                         const SelectedMailbox& selected,
                                                         Making how);
  // `selected` as it was given to make().
  [[nodiscard]] Truth judge(const SearchSubject& subject, const SelectedMailbox& selected) const {
    return judge(root_, subject, selected);
  }
  // The numbers outside of which nothing can match.
  [[nodiscard]] const std::vector<NumberRun>& candidates() const { return candidates_; }
  // Whether listed fields are enough to answer about headers.
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
    std::vector<Node> nodes;
  };

  bool build(const SearchKey& key, const SelectedMailbox& selected, Node& out);
  Truth judge(const Node& node, const SearchSubject& subject,
              const SelectedMailbox& selected) const;
  Truth judge_facts(const Node& node, const store::MailFacts& facts) const;
  static Truth judge_header(const Node& node, const SearchSubject& subject);
  static Truth judge_sent(const Node& node, const SearchSubject& subject);
  static Truth judge_text(const Node& node, const SearchSubject& subject);
  static Truth judge_flag(const Node& node, const SearchSubject& subject,
                          const SelectedMailbox& selected);

  WallTime now_{};
  Node root_;
  std::vector<NumberRun> candidates_;
  bool needs_whole_header_ = false;
  bool clips_numbers_ = false;
};

}  // namespace postrider::imap
