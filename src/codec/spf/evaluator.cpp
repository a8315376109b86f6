#include "check.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/spf/limits.hpp>

namespace postrider::spf {

namespace {

// RFC 7208 4.3: a domain that can't have a policy.
bool is_checkable(std::string_view domain) {
  return !domain.starts_with('[') && domain.find('.') != std::string_view::npos &&
         is_ascii(domain) && is_askable(domain);
}

}  // namespace

std::string_view name_of(Result result) {
  switch (result) {
    case Result::none:
      return "none";
    case Result::neutral:
      return "neutral";
    case Result::pass:
      return "pass";
    case Result::fail:
      return "fail";
    case Result::softfail:
      return "softfail";
    case Result::temperror:
      return "temperror";
    case Result::permerror:
      return "permerror";
  }
  return "none";
}

bool is_askable(std::string_view name) {
  return !name.empty() && name.size() <= domain_octets_max &&
         std::ranges::all_of(split(name, '.'), [](std::string_view label) {
           return !label.empty() && label.size() <= label_octets_max;
         });
}

Evaluator::Evaluator(Request request) : check_(std::make_unique<Check>(std::move(request))) {}
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;
Evaluator::~Evaluator() = default;

Action Evaluator::start() {
  return check_->start();
}

Action Evaluator::on_answer(const Answer& answer) {
  return check_->on_answer(answer);
}

Evaluator::Check::Check(Request request) : request_(std::move(request)) {
  if (request_.receiver.empty()) {
    request_.receiver = "unknown";
  }
  const std::string_view sender = request_.mail_from;
  const std::size_t at = sender.rfind('@');
  sender_domain_ = sender.empty() ? request_.helo : std::string(sender.substr(at + 1));
  if (at != std::string_view::npos) {
    local_part_ = sender.substr(0, at);
  }
  if (local_part_.empty()) {
    local_part_ = "postmaster";  // RFC 7208 4.3
  }
  if (sender_domain_.ends_with('.')) {
    sender_domain_.pop_back();
  }
  outcome_.domain = sender_domain_;
}

Action Evaluator::Check::start() {
  if (!is_checkable(sender_domain_)) {
    return finish(Result::none, fmt::format("'{}' is no domain that could have a policy",
                                            quoted_for_log(sender_domain_, 80)));
  }
  return *fetch_record(sender_domain_);
}

Action Evaluator::Check::on_answer(const Answer& answer) {
  switch (std::exchange(asked_, Asked::nothing)) {
    case Asked::nothing:
      break;
    case Asked::record:
      return on_record(answer);
    case Asked::ptr:
      return on_ptr(answer);
    case Asked::ptr_address:
      return on_ptr_address(answer);
    case Asked::address:
    case Asked::exists:
      return on_address(answer);
    case Asked::mx:
      return on_mx(answer);
    case Asked::mx_address:
      return on_mx_address(answer);
    case Asked::explanation:
      return on_explanation(answer);
  }
  check(false, "an answer follows a question");
  std::unreachable();
}

Action Evaluator::Check::ask(std::string name, QuestionType type, Asked asked) {
  asked_ = asked;
  return Question{std::move(name), type};
}

Action Evaluator::Check::ask_addresses(std::string name, Asked asked) {
  const bool is_v4 = request_.ip.family() == IpFamily::v4;
  return ask(std::move(name), is_v4 ? QuestionType::a : QuestionType::aaaa, asked);
}

Action Evaluator::Check::finish(Result result, std::string reason) {
  outcome_.result = result;
  outcome_.reason = std::move(reason);
  return std::move(outcome_);
}

bool Evaluator::Check::count_term() {
  bool& is_counted = frames_.back().is_counted;
  if (!is_counted) {
    is_counted = true;
    ++terms_;
  }
  return terms_ <= max_lookup_terms;
}

bool Evaluator::Check::count_void(const Answer& answer) {
  voids_ += answer.status == AnswerStatus::nothing ? 1 : 0;
  return voids_ <= max_void_lookups;
}

Action Evaluator::Check::too_many_voids() {
  return finish(Result::permerror,
                fmt::format("more than {} names asked for do not exist", max_void_lookups));
}

MacroValues Evaluator::Check::values(std::string_view domain) const {
  return {.sender = local_part_ + "@" + sender_domain_,
          .local_part = local_part_,
          .sender_domain = sender_domain_,
          .domain = std::string(domain),
          .validated_name = validated_name_for(domain),
          .helo = request_.helo,
          .receiver = request_.receiver,
          .ip = request_.ip,
          .now = request_.now};
}

// -- Records ------------------------------------------------------------------------------------

// nullopt: the domain can't be asked for, which is as if it had no record.
std::optional<Action> Evaluator::Check::fetch_record(std::string domain) {
  next_domain_ = std::move(domain);
  if (!is_askable(next_domain_)) {
    return std::nullopt;
  }
  return ask(next_domain_, QuestionType::txt, Asked::record);
}

Action Evaluator::Check::no_record(std::string_view why) {
  const std::string domain = quoted_for_log(next_domain_, 80);
  if (frames_.empty()) {
    return finish(Result::none, fmt::format("{}: {}", domain, why));
  }
  // RFC 7208 5.2, RFC 7208 6.1: none of an include or redirect is an error.
  return finish(Result::permerror,
                fmt::format("{} of {}: {}", is_redirect_ ? "redirect" : "include", domain, why));
}

Action Evaluator::Check::on_record(const Answer& answer) {
  if (answer.status == AnswerStatus::failed) {
    return finish(Result::temperror, fmt::format("the record of {} could not be fetched",
                                                 quoted_for_log(next_domain_, 80)));
  }
  if (!count_void(answer) && !frames_.empty()) {
    return too_many_voids();
  }
  const std::string* found = nullptr;
  for (const std::string& text : answer.texts) {
    if (!is_spf_record(text)) {
      continue;
    }
    if (found != nullptr) {
      return finish(Result::permerror,
                    fmt::format("{} has more than one record", quoted_for_log(next_domain_, 80)));
    }
    found = &text;
  }
  return found == nullptr ? no_record("no SPF record") : enter(*found);
}

Action Evaluator::Check::enter(std::string_view text) {
  auto record = parse_record(text);
  if (!record) {
    return finish(Result::permerror,
                  fmt::format("{}: {}", quoted_for_log(next_domain_, 80), record.error()));
  }
  if (is_redirect_) {
    frames_.pop_back();
  }
  frames_.push_back({.domain = next_domain_, .record = std::move(*record)});
  is_redirect_ = false;
  return evaluate();
}

const Directive& Evaluator::Check::current() const {
  return frames_.back().record.directives[frames_.back().next];
}

std::string Evaluator::Check::target_of(const Directive& directive) const {
  const std::string& domain = frames_.back().domain;
  return directive.domain ? expand_domain(*directive.domain, values(domain)) : domain;
}

Action Evaluator::Check::next_directive() {
  ++frames_.back().next;
  frames_.back().is_counted = false;
  return evaluate();
}

Action Evaluator::Check::evaluate() {
  while (frames_.back().next < frames_.back().record.directives.size()) {
    if (auto action = evaluate(current())) {
      return std::move(*action);
    }
    ++frames_.back().next;
    frames_.back().is_counted = false;
  }
  return frames_.back().record.redirect ? follow_redirect() : finish_frame(Result::neutral);
}

std::optional<Action> Evaluator::Check::evaluate(const Directive& directive) {
  const bool is_v4 = request_.ip.family() == IpFamily::v4;
  switch (directive.mechanism) {
    case Mechanism::all:
      return matched(directive);
    case Mechanism::ip4:
    case Mechanism::ip6:
      if (is_v4 == (directive.mechanism == Mechanism::ip4) &&
          is_in_network(request_.ip.octets(), directive.network,
                        is_v4 ? directive.prefix4 : directive.prefix6)) {
        return matched(directive);
      }
      return std::nullopt;
    default:
      return evaluate_term(directive);
  }
}

// The mechanisms that ask DNS.
std::optional<Action> Evaluator::Check::evaluate_term(const Directive& directive) {
  if (!count_term()) {
    return finish(Result::permerror, fmt::format("more than {} terms ask DNS", max_lookup_terms));
  }
  if (directive.mechanism == Mechanism::ptr ||
      (directive.domain && directive.domain->needs_validated_name())) {
    if (auto question = validate_names(Then::evaluate)) {
      return question;
    }
  }
  std::string target = target_of(directive);
  switch (directive.mechanism) {
    case Mechanism::include:
      is_redirect_ = false;
      if (auto question = fetch_record(std::move(target))) {
        return question;
      }
      return no_record("no name that DNS could be asked for");
    case Mechanism::ptr:
      return match_ptr(directive);
    default:
      break;
  }
  // RFC 7208 4.3 by analogy: what can't be asked for does not exist.
  if (!is_askable(target)) {
    return std::nullopt;
  }
  switch (directive.mechanism) {
    case Mechanism::mx:
      return ask(std::move(target), QuestionType::mx, Asked::mx);
    case Mechanism::exists:
      return ask(std::move(target), QuestionType::a, Asked::exists);  // A even for an IPv6 client
    default:
      return ask_addresses(std::move(target), Asked::address);
  }
}

Action Evaluator::Check::follow_redirect() {
  if (!count_term()) {
    return finish(Result::permerror, fmt::format("more than {} terms ask DNS", max_lookup_terms));
  }
  const Frame& frame = frames_.back();
  if (frame.record.redirect->needs_validated_name()) {
    if (auto question = validate_names(Then::evaluate)) {
      return std::move(*question);
    }
  }
  is_redirect_ = true;
  if (auto question = fetch_record(expand_domain(*frame.record.redirect, values(frame.domain)))) {
    return std::move(*question);
  }
  return no_record("no name that DNS could be asked for");
}

Action Evaluator::Check::matched(const Directive& directive) {
  if (frames_.size() == 1) {
    outcome_.mechanism = directive.text;
  }
  return finish_frame(directive.result);
}

Action Evaluator::Check::finish_frame(Result result) {
  if (frames_.size() > 1) {
    frames_.pop_back();
    return result == Result::pass ? matched(current()) : next_directive();
  }
  outcome_.result = result;
  const Frame& frame = frames_.back();
  outcome_.reason = fmt::format("{} {} {}", quoted_for_log(frame.domain, 80),
                                outcome_.mechanism.empty() ? "says nothing of"
                                : result == Result::pass   ? "permits"
                                                           : "does not permit",
                                request_.ip.text());
  if (!outcome_.mechanism.empty()) {
    outcome_.reason += fmt::format(" ({})", quoted_for_log(outcome_.mechanism, 80));
  }
  return explain();
}

// -- Addresses ----------------------------------------------------------------------------------

bool Evaluator::Check::has_client(const Answer& answer, const Directive& directive) const {
  const bool is_v4 = request_.ip.family() == IpFamily::v4;
  return std::ranges::any_of(answer.addresses, [&](const IpAddress& address) {
    return address.family() == request_.ip.family() &&
           is_in_network(request_.ip.octets(), address.octets(),
                         is_v4 ? directive.prefix4 : directive.prefix6);
  });
}

Action Evaluator::Check::on_address(const Answer& answer) {
  const Directive& directive = current();
  if (answer.status == AnswerStatus::failed) {
    return finish(Result::temperror,
                  fmt::format("DNS failed at {}", quoted_for_log(directive.text, 80)));
  }
  if (!count_void(answer)) {
    return too_many_voids();
  }
  const bool is_match = directive.mechanism == Mechanism::exists ? !answer.addresses.empty()
                                                                 : has_client(answer, directive);
  return is_match ? matched(directive) : next_directive();
}

Action Evaluator::Check::on_mx(const Answer& answer) {
  if (answer.status == AnswerStatus::failed) {
    return finish(Result::temperror,
                  fmt::format("DNS failed at {}", quoted_for_log(current().text, 80)));
  }
  if (!count_void(answer)) {
    return too_many_voids();
  }
  if (answer.names.size() > max_mx_hosts) {
    return finish(Result::permerror, fmt::format("{}: more than {} MX hosts",
                                                 quoted_for_log(current().text, 80), max_mx_hosts));
  }
  candidates_ = answer.names;
  candidate_ = 0;
  return ask_mx_address();
}

Action Evaluator::Check::ask_mx_address() {
  for (; candidate_ < candidates_.size(); ++candidate_) {
    std::string& host = candidates_[candidate_];
    if (host.ends_with('.')) {
      host.pop_back();
    }
    if (is_askable(host)) {  // the null MX is not (RFC 7505)
      return ask_addresses(host, Asked::mx_address);
    }
  }
  return next_directive();
}

Action Evaluator::Check::on_mx_address(const Answer& answer) {
  if (answer.status == AnswerStatus::failed) {
    return finish(Result::temperror,
                  fmt::format("DNS failed at {}", quoted_for_log(current().text, 80)));
  }
  if (!count_void(answer)) {
    return too_many_voids();
  }
  if (has_client(answer, current())) {
    return matched(current());
  }
  ++candidate_;
  return ask_mx_address();
}

}  // namespace postrider::spf
