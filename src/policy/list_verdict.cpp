#include <algorithm>
#include <fmt/core.h>

#include <postrider/policy/list_verdict.hpp>

namespace postrider::policy {
namespace {

// The first that asks for it; nullptr: none does.
const DnsListing* find(const std::vector<DnsListing>& listings, DnsListAction action) {
  const auto at = std::ranges::find(listings, action, &DnsListing::action);
  return at == listings.end() ? nullptr : &*at;
}

bool reaches(std::int64_t score, std::int32_t threshold) {
  return threshold > 0 && score >= threshold;
}

}  // namespace

ListVerdict judge_listings(const std::vector<DnsListing>& listings,
                           const ListThresholds& thresholds) {
  ListVerdict out;
  if (const DnsListing* vouching = find(listings, DnsListAction::allow)) {
    out.action = DnsListAction::allow;
    out.reason = describe(*vouching);
    return out;
  }
  std::string weighed;
  for (const DnsListing& listing : listings) {
    if (listing.action == DnsListAction::score) {
      out.score += listing.weight;
      weighed += (weighed.empty() ? "" : "; ") + describe(listing);
    }
  }
  weighed = fmt::format("lists weigh {}: {}", out.score, weighed);
  const auto decide = [&out](DnsListAction action, std::string reason) {
    out.action = action;
    out.reason = std::move(reason);
  };
  if (const DnsListing* refusing = find(listings, DnsListAction::reject)) {
    decide(DnsListAction::reject, describe(*refusing));
  } else if (reaches(out.score, thresholds.reject)) {
    decide(DnsListAction::reject, weighed);
  } else if (const DnsListing* deferring = find(listings, DnsListAction::defer)) {
    decide(DnsListAction::defer, describe(*deferring));
  } else if (const DnsListing* junking = find(listings, DnsListAction::junk)) {
    decide(DnsListAction::junk, describe(*junking));
  } else if (reaches(out.score, thresholds.junk)) {
    decide(DnsListAction::junk, weighed);
  } else if (!listings.empty()) {
    decide(DnsListAction::tag, describe(listings));
  }
  return out;
}

std::string describe(const std::vector<DnsListing>& listings) {
  std::string out;
  for (const DnsListing& listing : listings) {
    out += (out.empty() ? "" : "; ") + describe(listing);
  }
  return out;
}

}  // namespace postrider::policy
