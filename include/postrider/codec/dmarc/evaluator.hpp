#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <postrider/codec/dmarc/record.hpp>

namespace postrider::dmarc {

// Authenticated identifiers that are looked at; each may cost a tree walk.
inline constexpr std::size_t max_identifiers = 16;
// RFC 9989 4.10: names that one tree walk asks for.
inline constexpr std::size_t max_walk_queries = 8;

// How the organizational domain of a name is found.
enum class Discovery : std::uint8_t {
  tree_walk,      // RFC 9989 4.10
  public_suffix,  // RFC 7489 3.2, by a list that the driver has
};

struct Request {
  // The domain of the From field, in ASCII (A-labels). Several or none: don't evaluate, the result
  // is permerror (RFC 9989 5.3.1).
  std::string author_domain;
  // Of the reverse-path (of HELO if that is null), if SPF passed; else empty.
  std::string spf_domain;
  std::vector<std::string> dkim_domains;  // d= of the signatures that hold
  Discovery discovery = Discovery::tree_walk;
};

enum class QuestionKind : std::uint8_t {
  record,                 // the TXT records at `name`
  existence,              // does `name` exist? (RFC 8020: only NXDOMAIN says no)
  organizational_domain,  // of `name`, by the public suffix list
};
struct Question {
  QuestionKind kind{};
  std::string name;
  friend bool operator==(const Question&, const Question&) = default;
};

enum class AnswerStatus : std::uint8_t { found, no_data, no_such_name, failed };
struct Answer {
  AnswerStatus status = AnswerStatus::failed;
  std::vector<std::string> texts;  // of `record`
  std::string domain;              // of `organizational_domain`
};

enum class Result : std::uint8_t { none, pass, fail, temperror, permerror };
[[nodiscard]] std::string_view name_of(Result result);

struct Outcome {
  Result result = Result::none;
  std::string author_domain;
  std::string organizational_domain;  // empty: it was not needed
  std::string record_domain;          // whose record applies; empty: none
  std::optional<Record> record;
  Policy policy = Policy::none;       // as published for such a message (p=, sp= or np=)
  Policy disposition = Policy::none;  // what it asks for now: `none` on a pass, milder with t=y
  bool spf_aligned = false;
  bool dkim_aligned = false;
  std::string reason;  // one line for people
};

using Action = std::variant<Question, Outcome>;

// The DMARC mechanism check (RFC 9989 5.3), without DNS. Feed it as spf::Evaluator. Limits: at most
// max_walk_queries questions for each domain that has to be walked, none twice.
class Evaluator {
 public:
  explicit Evaluator(Request request);
  [[nodiscard]] Action start() { return step(); }
  // Only after a Question.
  [[nodiscard]] Action on_answer(const Answer& answer);

 private:
  struct Found {
    bool failed = false;
    std::optional<Record> record;  // the only one at that name
  };
  // What a walk found out; nullopt members: it is not known, DNS failed.
  struct Walk {
    std::vector<std::pair<std::string, const Record*>> records;  // by domain, the longest first
    bool failed = false;
  };
  struct Chosen {
    std::string domain;
    const Record* record = nullptr;
  };
  enum class Aligned : std::uint8_t { no, yes, unknown };

  // The evaluation from its start, as far as the answers so far carry it; what is missing is asked.
  Action step();
  // nullptr, false, nullopt: not known yet, and pending_ is what to ask.
  const Found* record_at(const std::string& domain);
  std::optional<Walk> walk(const std::string& domain);
  std::optional<std::string> organizational_domain(const std::string& domain, bool& failed);
  std::optional<Chosen> choose_record(bool& failed);
  std::optional<Aligned> is_aligned(const std::string& identifier, bool strict);
  std::optional<bool> align(const Record& record, bool& failed);
  std::optional<Policy> choose_policy(const Chosen& chosen, Policy inherited, bool& failed);
  [[nodiscard]] std::string_view aligned_by() const;
  Action finish(Result result, std::string reason);

  Request request_;
  Outcome outcome_;
  std::optional<Question> pending_;
  std::map<std::string, Found> records_;  // by domain
  std::map<std::string, std::optional<std::string>> organizational_domains_;
  std::optional<AnswerStatus> existence_;
};

}  // namespace postrider::dmarc
