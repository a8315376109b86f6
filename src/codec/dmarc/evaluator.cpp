#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dmarc/evaluator.hpp>

namespace postrider::dmarc {

namespace {

// RFC 9989 4.10: of a longer name, the labels between the first query and the second are skipped.
constexpr std::size_t max_walked_labels = max_walk_queries - 1;

std::string canonical(std::string_view domain) {
  if (domain.ends_with('.')) {
    domain.remove_suffix(1);
  }
  return to_lower(domain);
}

bool is_domain(std::string_view domain) {
  constexpr std::size_t label_octets_max = 63;
  constexpr std::size_t name_octets_max = 253;
  return !domain.empty() && domain.size() <= name_octets_max && is_ascii(domain) &&
         !domain.starts_with('[') &&
         std::ranges::all_of(split(domain, '.'), [](std::string_view label) {
           return !label.empty() && label.size() <= label_octets_max;
         });
}

std::size_t count_labels(std::string_view domain) {
  return static_cast<std::size_t>(std::ranges::count(domain, '.')) + 1;
}

std::string_view parent_of(std::string_view domain) {
  const std::size_t dot = domain.find('.');
  return dot == std::string_view::npos ? std::string_view() : domain.substr(dot + 1);
}

std::string_view next_target(std::string_view domain) {
  std::string_view target = parent_of(domain);
  while (count_labels(target) > max_walked_labels) {
    target = parent_of(target);
  }
  return target;
}

bool is_within(std::string_view name, std::string_view domain) {
  return name == domain || (name.size() > domain.size() && name.ends_with(domain) &&
                            name[name.size() - domain.size() - 1] == '.');
}

// "b.example.com" of "a.b.example.com" and "example.com".
std::string one_label_below(std::string_view domain, std::string_view ancestor) {
  const std::string_view rest = domain.substr(0, domain.size() - ancestor.size() - 1);
  const std::size_t dot = rest.rfind('.');
  return std::string(domain.substr(dot == std::string_view::npos ? 0 : dot + 1));
}

Policy policy_of(const Record& record, bool is_own) {
  return is_own ? *record.policy : record.subdomain_policy.value_or(*record.policy);
}

Policy milder(Policy policy) {
  return policy == Policy::reject ? Policy::quarantine : Policy::none;
}

}  // namespace

std::string_view name_of(Result result) {
  switch (result) {
    case Result::none:
      return "none";
    case Result::pass:
      return "pass";
    case Result::fail:
      return "fail";
    case Result::temperror:
      return "temperror";
    case Result::permerror:
      return "permerror";
  }
  return "none";
}

Evaluator::Evaluator(Request request) : request_(std::move(request)) {
  request_.author_domain = canonical(request_.author_domain);
  request_.spf_domain = canonical(request_.spf_domain);
  for (std::string& domain : request_.dkim_domains) {
    domain = canonical(domain);
  }
  std::ranges::sort(request_.dkim_domains);
  const auto repeated = std::ranges::unique(request_.dkim_domains);
  request_.dkim_domains.erase(repeated.begin(), repeated.end());
  // What is identical costs nothing and decides at once: it comes first and is never cut off.
  if (const auto same = std::ranges::find(request_.dkim_domains, request_.author_domain);
      same != request_.dkim_domains.end()) {
    std::iter_swap(request_.dkim_domains.begin(), same);
  }
  if (request_.dkim_domains.size() > max_identifiers) {
    request_.dkim_domains.resize(max_identifiers);
  }
  outcome_.author_domain = request_.author_domain;
}

Action Evaluator::on_answer(const Answer& answer) {
  check(pending_.has_value(), "an answer follows a question");
  const Question question = *std::exchange(pending_, std::nullopt);
  switch (question.kind) {
    case QuestionKind::existence:
      existence_ = answer.status;
      break;
    case QuestionKind::organizational_domain:
      organizational_domains_[question.name] =
          answer.status == AnswerStatus::found && is_domain(canonical(answer.domain))
              ? std::optional(canonical(answer.domain))
              : std::nullopt;
      break;
    case QuestionKind::record: {
      Found found{.failed = answer.status == AnswerStatus::failed};
      unsigned count = 0;
      for (const std::string& text : answer.texts) {
        if (auto record = parse_record(text)) {
          ++count;
          found.record = std::move(*record);
        }
      }
      if (count != 1) {
        found.record.reset();  // RFC 9989 4.10: several are as good as none
      }
      records_[question.name.substr(record_name("").size())] = std::move(found);
      break;
    }
  }
  return step();
}

const Evaluator::Found* Evaluator::record_at(const std::string& domain) {
  if (const auto it = records_.find(domain); it != records_.end()) {
    return &it->second;
  }
  pending_ = Question{QuestionKind::record, record_name(domain)};
  return nullptr;
}

// RFC 9989 4.10.
std::optional<Evaluator::Walk> Evaluator::walk(const std::string& domain) {
  Walk walk;
  for (std::string_view target = domain; !target.empty(); target = next_target(target)) {
    const std::string name(target);
    const Found* const found = record_at(name);
    if (found == nullptr) {
      return std::nullopt;
    }
    // Top-level domains are not the sender's to break, nor the receiver's to wait for.
    if (found->failed && name.find('.') != std::string::npos) {
      walk.failed = true;
      return walk;
    }
    if (found->record) {
      walk.records.emplace_back(name, &*found->record);
      if (found->record->public_suffix != PublicSuffix::unknown) {
        break;
      }
    }
  }
  return walk;
}

// RFC 9989 4.10.2.
std::optional<std::string> Evaluator::organizational_domain(const std::string& domain,
                                                            bool& failed) {
  if (request_.discovery == Discovery::public_suffix) {
    const auto it = organizational_domains_.find(domain);
    if (it == organizational_domains_.end()) {
      pending_ = Question{QuestionKind::organizational_domain, domain};
      return std::nullopt;
    }
    return it->second.value_or(domain);
  }
  const auto walked = walk(domain);
  if (!walked) {
    return std::nullopt;
  }
  if (walked->failed) {
    failed = true;
    return domain;
  }
  for (const auto& [name, record] : walked->records) {
    if (record->public_suffix == PublicSuffix::no) {
      return name;
    }
    if (record->public_suffix == PublicSuffix::yes && name != domain) {
      return one_label_below(domain, name);
    }
  }
  return walked->records.empty() ? domain : walked->records.back().first;
}

// RFC 9989 4.10.1: the author domain's record, else the organizational domain's, else that of the
// public suffix above it.
std::optional<Evaluator::Chosen> Evaluator::choose_record(bool& failed) {
  const std::string& author = request_.author_domain;
  const Found* const own = record_at(author);
  if (own == nullptr) {
    return std::nullopt;
  }
  failed = own->failed;
  if (failed || own->record) {
    return Chosen{author, own->record ? &*own->record : nullptr};
  }
  const auto organizational = organizational_domain(author, failed);
  if (!organizational || failed) {
    return organizational ? std::optional(Chosen{}) : std::nullopt;
  }
  const Found* const theirs = record_at(*organizational);
  if (theirs == nullptr) {
    return std::nullopt;
  }
  failed = theirs->failed;
  if (theirs->record || failed || request_.discovery == Discovery::public_suffix) {
    return Chosen{*organizational, theirs->record ? &*theirs->record : nullptr};
  }
  const auto walked = walk(author);
  if (walked && !walked->records.empty() &&
      walked->records.back().second->public_suffix == PublicSuffix::yes) {
    return Chosen{walked->records.back().first, walked->records.back().second};
  }
  return walked ? std::optional(Chosen{}) : std::nullopt;
}

// RFC 9989 4.4, RFC 9989 4.10.2.
std::optional<Evaluator::Aligned> Evaluator::is_aligned(const std::string& identifier,
                                                        bool strict) {
  const std::string& author = request_.author_domain;
  if (identifier == author) {
    return Aligned::yes;
  }
  if (strict || !is_domain(identifier)) {
    return Aligned::no;
  }
  bool failed = false;
  const auto ours = organizational_domain(author, failed);
  if (!ours) {
    return std::nullopt;
  }
  if (failed) {
    return Aligned::unknown;
  }
  outcome_.organizational_domain = *ours;
  // An organizational domain is the name itself or above it: no walk for those that are elsewhere.
  if (!is_within(identifier, *ours)) {
    return Aligned::no;
  }
  const auto theirs = organizational_domain(identifier, failed);
  if (!theirs) {
    return std::nullopt;
  }
  return failed ? Aligned::unknown : *theirs == *ours ? Aligned::yes : Aligned::no;
}

// True: something is aligned. nullopt: not known yet.
std::optional<bool> Evaluator::align(const Record& record, bool& failed) {
  const auto look_at = [&](const std::string& identifier, bool strict, bool& aligned) {
    const auto found = is_aligned(identifier, strict);
    failed |= found == Aligned::unknown;
    aligned |= found == Aligned::yes;
    return found.has_value();
  };
  for (const std::string& domain : request_.dkim_domains) {
    if (!outcome_.dkim_aligned && !look_at(domain, record.strict_dkim, outcome_.dkim_aligned)) {
      return std::nullopt;
    }
  }
  if (!request_.spf_domain.empty() &&
      !look_at(request_.spf_domain, record.strict_spf, outcome_.spf_aligned)) {
    return std::nullopt;
  }
  return outcome_.dkim_aligned || outcome_.spf_aligned;
}

// np= is for author domains that do not exist.
std::optional<Policy> Evaluator::choose_policy(const Chosen& chosen, Policy inherited,
                                               bool& failed) {
  const auto& nonexistent = chosen.record->nonexistent_policy;
  if (chosen.domain == request_.author_domain || !nonexistent || nonexistent == inherited) {
    return inherited;
  }
  if (!existence_) {
    pending_ = Question{QuestionKind::existence, request_.author_domain};
    return std::nullopt;
  }
  failed = existence_ == AnswerStatus::failed;
  return existence_ == AnswerStatus::no_such_name ? nonexistent : inherited;
}

std::string_view Evaluator::aligned_by() const {
  if (outcome_.dkim_aligned && outcome_.spf_aligned) {
    return "DKIM and SPF";
  }
  return outcome_.dkim_aligned ? "DKIM" : "SPF";
}

Action Evaluator::finish(Result result, std::string reason) {
  outcome_.result = result;
  outcome_.reason = std::move(reason);
  return outcome_;
}

Action Evaluator::step() {
  const std::string& author = request_.author_domain;
  if (!is_domain(author)) {
    return finish(Result::permerror,
                  fmt::format("'{}' in From is no domain", quoted_for_log(author, 80)));
  }
  bool failed = false;
  const auto chosen = choose_record(failed);
  if (!chosen) {
    return *pending_;
  }
  if (failed) {
    return finish(Result::temperror,
                  fmt::format("the policy for {} could not be looked up", author));
  }
  if (chosen->record == nullptr || !chosen->record->policy) {
    return finish(Result::none,
                  fmt::format("{} {}", author,
                              chosen->record == nullptr ? "publishes no policy"
                                                        : "publishes a broken policy"));
  }
  outcome_.record_domain = chosen->domain;
  outcome_.record = *chosen->record;
  const auto aligned = align(*chosen->record, failed);
  if (!aligned) {
    return *pending_;
  }
  if (!*aligned && failed) {
    return finish(Result::temperror, "what is aligned could not be looked up");
  }
  const Policy inherited = policy_of(*chosen->record, chosen->domain == author);
  outcome_.policy = inherited;
  if (*aligned) {
    return finish(Result::pass, fmt::format("{} is aligned by {}", author, aligned_by()));
  }
  const auto policy = choose_policy(*chosen, inherited, failed);
  if (!policy) {
    return *pending_;
  }
  if (failed) {
    return finish(Result::temperror,
                  fmt::format("whether {} exists could not be looked up", author));
  }
  outcome_.policy = *policy;
  outcome_.disposition = chosen->record->testing ? milder(*policy) : *policy;
  const bool has_identifiers = !request_.spf_domain.empty() || !request_.dkim_domains.empty();
  return finish(Result::fail,
                fmt::format("{}; {} asks for {}{}",
                            has_identifiers ? "what passed is of other domains than From"
                                            : "neither SPF nor a signature passed",
                            chosen->domain, name_of(*policy),
                            chosen->record->testing ? ", in test mode" : ""));
}

}  // namespace postrider::dmarc
