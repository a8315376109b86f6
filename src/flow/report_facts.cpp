#include "report_facts.hpp"

#include <utility>

#include <postrider/base/base64.hpp>
#include <postrider/base/digest.hpp>
#include <postrider/base/text.hpp>
#include <postrider/policy/day_tally.hpp>

namespace postrider::flow {

engine::Task<store::StoreResult<std::size_t>> count_reports(store::FactStore& facts,
                                                            store::FactKind kind,
                                                            std::string prefix) {
  std::size_t count = 0;
  std::string after = prefix;
  for (bool more = true; more;) {
    const auto slice = co_await facts.list(kind, after, report_page);
    if (!slice) {
      co_return failure(slice.error());
    }
    more = slice->size() == report_page;
    for (const store::Fact& fact : *slice) {
      more = more && fact.name.starts_with(prefix);
      count += fact.name.starts_with(prefix) ? 1 : 0;
      after = fact.name;
    }
  }
  co_return count;
}

ReportWalk::ReportWalk(store::FactStore& facts, store::FactKind kind, const std::string& domain,
                       std::string since, std::size_t most)
    : facts_(facts),
      kind_(kind),
      prefix_(domain.empty() ? "" : to_lower(domain) + ' '),
      after_(prefix_),
      since_(std::move(since)),
      left_(most) {}

engine::Task<store::StoreResult<std::vector<store::Fact>>> ReportWalk::next() {
  auto facts = co_await facts_.list(kind_, after_, report_page);
  if (!facts) {
    co_return failure(facts.error());
  }
  is_over_ = facts->size() < report_page;
  std::vector<store::Fact> wanted;
  for (store::Fact& fact : *facts) {
    after_ = fact.name;
    if (!fact.name.starts_with(prefix_)) {
      is_over_ = true;
      break;
    }
    const std::size_t blank = fact.name.find(' ');
    if (blank == std::string::npos || fact.name.substr(blank + 1, since_.size()) < since_) {
      continue;
    }
    if (left_ == 0) {
      is_over_ = is_cut_ = true;
      break;
    }
    --left_;
    wanted.push_back(std::move(fact));
  }
  co_return wanted;
}

engine::Task<std::size_t> sweep_reports(store::FactStore& facts, store::FactKind kind,
                                        std::string oldest_day) {
  std::size_t removed = 0;
  std::string after;
  for (bool more = true; more;) {
    const auto slice = co_await facts.list(kind, after, report_page);
    if (!slice) {
      co_return removed;
    }
    more = slice->size() == report_page;
    std::vector<std::string> names;
    for (const store::Fact& fact : *slice) {
      after = fact.name;
      const std::size_t blank = fact.name.find(' ');
      if (blank == std::string::npos ||
          fact.name.substr(blank + 1, oldest_day.size()) < oldest_day) {
        names.push_back(fact.name);
      }
    }
    if (!names.empty()) {
      removed += names.size();
      // (void): what stays is found again tomorrow.
      (void)co_await facts.remove(kind, std::move(names));
    }
  }
  co_return removed;
}

std::string report_fact_prefix(const ReportIdentity& identity) {
  return identity.domain + ' ' + policy::report_day(identity.begin);
}

std::string report_fact_name(const ReportIdentity& identity) {
  const Sha256Digest digest = sha256(identity.organization + '\n' + identity.id);
  return report_fact_prefix(identity) + ' ' + encode_hex(digest.view().substr(0, 16));
}

std::string implausible(const ReportIdentity& identity, WallTime now) {
  const std::string& domain = identity.domain;
  const bool is_name = !domain.empty() && domain.size() <= 255 && !domain.contains(' ');
  const bool is_time = identity.begin <= now + std::chrono::days(2) &&
                       identity.begin >= now - std::chrono::days(400);
  return is_name && is_time ? "" : "it names no domain, or a time that can't be";
}

std::string shown_name(const std::string& said) {
  constexpr std::size_t shown_octets_max = 200;
  return quoted_for_log(said, shown_octets_max);
}

}  // namespace postrider::flow
