#pragma once

#include "macro.hpp"
#include "record.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/spf/evaluator.hpp>

namespace postrider::spf {

// The state of one check_host(): a stack of records (include), what is asked for at the moment, and
// the counters of RFC 7208 4.6.4.
class Evaluator::Check {
 public:
  explicit Check(Request request);
  Action start();
  Action on_answer(const Answer& answer);

 private:
  enum class Asked {
    nothing,
    record,       // TXT of next_domain_
    ptr,          // the names of the client
    ptr_address,  // the addresses of candidates_[candidate_]
    address,      // of `a`
    mx,
    mx_address,  // of candidates_[candidate_]
    exists,
    explanation,  // TXT of exp=
  };
  // What goes on once the client's names are validated.
  enum class Then { evaluate, explain, write_explanation };
  struct Frame {
    std::string domain;
    Record record;
    std::size_t next = 0;
    bool is_counted = false;  // the term at `next`, against max_lookup_terms
  };

  Action evaluate();
  // nullopt: go on with the next directive.
  std::optional<Action> evaluate(const Directive& directive);
  std::optional<Action> evaluate_term(const Directive& directive);
  Action follow_redirect();
  Action matched(const Directive& directive);
  Action finish_frame(Result result);

  std::optional<Action> fetch_record(std::string domain);
  Action on_record(const Answer& answer);
  Action enter(std::string_view text);
  Action no_record(std::string_view why);

  Action on_address(const Answer& answer);
  Action on_mx(const Answer& answer);
  Action ask_mx_address();
  Action on_mx_address(const Answer& answer);
  std::optional<Action> match_ptr(const Directive& directive);

  // The client's names must be known first: the question, or nullopt if they are.
  std::optional<Action> validate_names(Then then);
  Action on_ptr(const Answer& answer);
  Action ask_ptr_address();
  Action on_ptr_address(const Answer& answer);
  Action validated();

  Action explain();
  Action on_explanation(const Answer& answer);
  Action write_explanation();

  Action ask(std::string name, QuestionType type, Asked asked);
  Action ask_addresses(std::string name, Asked asked);
  Action next_directive();
  [[nodiscard]] bool has_client(const Answer& answer, const Directive& directive) const;
  [[nodiscard]] const Directive& current() const;
  [[nodiscard]] std::string target_of(const Directive& directive) const;
  [[nodiscard]] MacroValues values(std::string_view domain) const;
  [[nodiscard]] std::string validated_name_for(std::string_view domain) const;
  // False: one too many.
  bool count_term();
  bool count_void(const Answer& answer);
  Action too_many_voids();
  Action finish(Result result, std::string reason);

  Request request_;
  std::string local_part_;
  std::string sender_domain_;
  std::vector<Frame> frames_;
  Asked asked_ = Asked::nothing;
  bool is_redirect_ = false;  // the record that is asked for
  std::string next_domain_;
  unsigned terms_ = 0;
  unsigned voids_ = 0;

  std::vector<std::string> candidates_;
  std::size_t candidate_ = 0;
  Then then_ = Then::evaluate;
  std::optional<std::vector<std::string>> validated_;  // the client's names

  Outcome outcome_;
  std::optional<MacroString> explanation_;
};

// Each label has 1 to 63 octets, the whole at most 253 (RFC 1035 2.3.4).
[[nodiscard]] bool is_askable(std::string_view name);

}  // namespace postrider::spf
