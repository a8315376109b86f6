#include "check.hpp"

#include <algorithm>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/spf/limits.hpp>

// The validated names of the client (RFC 7208 5.5), for ptr and %{p}, and the explanation.
namespace postrider::spf {

namespace {

std::string_view without_final_dot(std::string_view name) {
  return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

bool is_subdomain(std::string_view name, std::string_view domain) {
  return name.size() > domain.size() && name[name.size() - domain.size() - 1] == '.' &&
         equals_ignoring_case(name.substr(name.size() - domain.size()), domain);
}

}  // namespace

std::optional<Action> Evaluator::Check::validate_names(Then then) {
  if (validated_) {
    return std::nullopt;
  }
  then_ = then;
  return ask(reverse_name(request_.ip), QuestionType::ptr, Asked::ptr);
}

Action Evaluator::Check::on_ptr(const Answer& answer) {
  validated_.emplace();
  // Voids while the explanation is written count for nothing (RFC 7208 4.6.4).
  if (then_ == Then::evaluate && !count_void(answer)) {
    return too_many_voids();
  }
  // RFC 7208 5.5: a failure means no names.
  candidates_ = answer.names;
  if (candidates_.size() > max_ptr_names) {
    candidates_.resize(max_ptr_names);
  }
  candidate_ = 0;
  return ask_ptr_address();
}

Action Evaluator::Check::ask_ptr_address() {
  for (; candidate_ < candidates_.size(); ++candidate_) {
    const std::string_view name = without_final_dot(candidates_[candidate_]);
    if (is_askable(name)) {
      return ask_addresses(std::string(name), Asked::ptr_address);
    }
  }
  return validated();
}

// A name that fails is skipped, as is one that does not exist.
Action Evaluator::Check::on_ptr_address(const Answer& answer) {
  if (then_ == Then::evaluate && !count_void(answer)) {
    return too_many_voids();
  }
  if (std::ranges::find(answer.addresses, request_.ip) != answer.addresses.end()) {
    validated_->emplace_back(without_final_dot(candidates_[candidate_]));
  }
  ++candidate_;
  return ask_ptr_address();
}

Action Evaluator::Check::validated() {
  switch (then_) {
    case Then::evaluate:
      return evaluate();
    case Then::explain:
      return explain();
    case Then::write_explanation:
      return write_explanation();
  }
  std::unreachable();
}

std::optional<Action> Evaluator::Check::match_ptr(const Directive& directive) {
  const std::string target = target_of(directive);
  const bool is_match = std::ranges::any_of(*validated_, [&](const std::string& name) {
    return equals_ignoring_case(name, target) || is_subdomain(name, target);
  });
  return is_match ? std::optional(matched(directive)) : std::nullopt;
}

// RFC 7208 7.3.
std::string Evaluator::Check::validated_name_for(std::string_view domain) const {
  if (!validated_ || validated_->empty()) {
    return "unknown";
  }
  for (const std::string& name : *validated_) {
    if (equals_ignoring_case(name, domain)) {
      return name;
    }
  }
  const auto below = std::ranges::find_if(
      *validated_, [&](const std::string& name) { return is_subdomain(name, domain); });
  return below != validated_->end() ? *below : validated_->front();
}

// Whatever goes wrong from here on: the result stands, without an explanation (RFC 7208 6.2).
Action Evaluator::Check::explain() {
  const Frame& frame = frames_.back();
  const auto& exp = frame.record.explanation;
  if (outcome_.result != Result::fail || !exp) {
    return std::move(outcome_);
  }
  if (exp->needs_validated_name()) {
    if (auto question = validate_names(Then::explain)) {
      return std::move(*question);
    }
  }
  std::string name = expand_domain(*exp, values(frame.domain));
  if (!is_askable(name)) {
    return std::move(outcome_);
  }
  return ask(std::move(name), QuestionType::txt, Asked::explanation);
}

Action Evaluator::Check::on_explanation(const Answer& answer) {
  if (answer.status != AnswerStatus::found || answer.texts.size() != 1) {
    return std::move(outcome_);
  }
  explanation_ = parse_macro_string(answer.texts.front(), MacroPlace::explanation);
  if (!explanation_) {
    return std::move(outcome_);
  }
  if (explanation_->needs_validated_name()) {
    if (auto question = validate_names(Then::write_explanation)) {
      return std::move(*question);
    }
  }
  return write_explanation();
}

Action Evaluator::Check::write_explanation() {
  std::string text = expand(*explanation_, values(frames_.back().domain));
  // It goes into an SMTP reply: macros may have brought in anything the sender wrote.
  if (std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; })) {
    outcome_.explanation = std::move(text);
  }
  return std::move(outcome_);
}

}  // namespace postrider::spf
