#include <fmt/core.h>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/policy/mta_sts_cache.hpp>

namespace postrider::policy {

namespace {

constexpr std::string_view kept_head = "postrider-sts 1";

std::unexpected<StsFetchError> failed(StsFetchFailure kind, std::string text) {
  return failure(StsFetchError{kind, std::move(text)});
}

// RFC 8461 3.3: text/plain, with whatever parameters.
bool is_plain_text(const http::Response& response) {
  const auto field = response.field("content-type");
  const std::string_view type = field ? *field : std::string_view();
  return equals_ignoring_case(trim_wsp(type.substr(0, type.find(';'))), "text/plain");
}

std::optional<WallTime> parse_millis(std::string_view text) {
  const auto number = text.size() <= 15 ? parse_decimal(text) : std::nullopt;
  return number ? std::optional(from_unix_millis(static_cast<std::int64_t>(*number)))
                : std::nullopt;
}

// Cuts the first line off, without its end.
std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

}  // namespace

std::string encode_kept_sts_policy(const KeptStsPolicy& kept) {
  return fmt::format("{}\n{}\n{}\n{}\n{}", kept_head, kept.id, unix_millis(kept.fetched),
                     unix_millis(kept.used), encode_sts_policy(kept.policy));
}

std::optional<KeptStsPolicy> parse_kept_sts_policy(std::string_view octets) {
  if (take_line(octets) != kept_head) {
    return std::nullopt;
  }
  KeptStsPolicy out;
  out.id = take_line(octets);
  const auto fetched = parse_millis(take_line(octets));
  const auto used = parse_millis(take_line(octets));
  auto policy = parse_sts_policy(octets);
  if (!fetched || !used || !policy) {
    return std::nullopt;
  }
  out.fetched = *fetched;
  out.used = *used;
  out.policy = *std::move(policy);
  return out;
}

engine::Task<Result<StsPolicy, StsFetchError>> HttpsStsFetcher::fetch(std::string domain,
                                                                      engine::Until until) {
  net::HttpOrder order;
  order.url = {"mta-sts." + domain, port_, "/.well-known/mta-sts.txt"};
  order.limits.body_octets = sts_limits::policy_octets;
  const auto answer = co_await net::https_exchange(doors_, std::move(order), until);
  const std::string from = "the policy of mta-sts." + domain;
  if (!answer) {
    const net::HttpFailure& why = answer.error();
    using Kind = net::HttpFailureKind;
    const StsFetchFailure kind = why.kind == Kind::certificate ? StsFetchFailure::certificate
                                 : why.kind == Kind::too_large ? StsFetchFailure::invalid
                                                               : StsFetchFailure::unreachable;
    co_return failed(kind, fmt::format("{} can't be had: {}", from, why.text));
  }
  if (answer->status != 200) {
    const bool is_redirect = answer->status >= 300 && answer->status < 400;
    co_return failed(StsFetchFailure::unreachable,
                     fmt::format("{} can't be had: HTTP status {}{}", from, answer->status,
                                 is_redirect ? ", and redirects are not followed" : ""));
  }
  if (!is_plain_text(*answer)) {
    co_return failed(StsFetchFailure::invalid, from + " is not text/plain");
  }
  auto policy = parse_sts_policy(answer->body);
  if (!policy) {
    co_return failed(StsFetchFailure::invalid,
                     fmt::format("{} is not valid: {}", from, policy.error()));
  }
  co_return *std::move(policy);
}

}  // namespace postrider::policy
