#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/policy/tls_report.hpp>

namespace postrider::policy {

namespace {

constexpr std::string_view counts_head = "postrider-tlsrpt 1";

using report::TlsFailureDetail;
using report::TlsPolicyReport;

bool is_same_policy(const TlsPolicyReport& a, const TlsPolicyReport& b) {
  return a.type == b.type && a.text == b.text && a.mx == b.mx && a.domain == b.domain;
}

bool is_same_detail(const TlsFailureDetail& a, const TlsFailureDetail& b) {
  return a.type == b.type && a.receiving_ip == b.receiving_ip &&
         a.receiving_host == b.receiving_host && a.sending_ip == b.sending_ip &&
         a.reason == b.reason;
}

void add_detail(TlsPolicyReport& policy, const TlsFailureDetail& detail) {
  const auto same = std::ranges::find_if(
      policy.details, [&](const TlsFailureDetail& d) { return is_same_detail(d, detail); });
  if (same != policy.details.end()) {
    same->sessions += detail.sessions;
    return;
  }
  if (policy.details.size() < tls_report_limits::details) {
    policy.details.push_back(detail);
    return;
  }
  const auto alike = std::ranges::find_if(
      policy.details, [&](const TlsFailureDetail& d) { return d.type == detail.type; });
  (alike != policy.details.end() ? *alike : policy.details.back()).sessions += detail.sessions;
}

void add_policy(TlsDayCounts& counts, const TlsPolicyReport& more) {
  auto same = std::ranges::find_if(
      counts, [&](const TlsPolicyReport& policy) { return is_same_policy(policy, more); });
  if (same == counts.end()) {
    if (counts.size() >= tls_report_limits::policies) {
      same = counts.end() - 1;
    } else {
      TlsPolicyReport fresh = more;
      fresh.successful = fresh.failed = 0;
      fresh.details.clear();
      counts.push_back(std::move(fresh));
      same = counts.end() - 1;
    }
  }
  same->successful += more.successful;
  same->failed += more.failed;
  for (const TlsFailureDetail& detail : more.details) {
    add_detail(*same, detail);
  }
}

std::string shortened(std::string_view text) {
  return std::string(text.substr(0, tls_report_limits::text_octets));
}

// Numbers and texts, each followed by a line end; a text has its length before it.
class Writer {
 public:
  void number(std::uint64_t value) { out_ += fmt::format("{}\n", value); }
  void text(std::string_view value) {
    number(value.size());
    out_ += value;
    out_ += '\n';
  }
  void texts(const std::vector<std::string>& values) {
    number(values.size());
    for (const std::string& value : values) {
      text(value);
    }
  }
  std::string out_;
};

// What breaks the form gives nothing and makes is_sound false for good.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}
  std::uint64_t number() {
    const std::size_t end = in_.find('\n');
    const auto value =
        end == std::string_view::npos ? std::nullopt : parse_decimal(in_.substr(0, end));
    if (!value) {
      return spoil();
    }
    in_.remove_prefix(end + 1);
    return *value;
  }
  std::size_t count() {
    const std::uint64_t value = number();
    return value <= in_.size() ? static_cast<std::size_t>(value) : spoil();
  }
  std::string text() {
    const std::size_t size = count();
    if (size >= in_.size() || in_[size] != '\n') {
      spoil();
      return {};
    }
    std::string out(in_.substr(0, size));
    in_.remove_prefix(size + 1);
    return out;
  }
  std::vector<std::string> texts() {
    std::vector<std::string> out;
    for (std::size_t left = count(); left > 0 && sound_; --left) {
      out.push_back(text());
    }
    return out;
  }
  [[nodiscard]] bool is_sound() const { return sound_; }
  [[nodiscard]] bool is_at_end() const { return in_.empty(); }

 private:
  std::size_t spoil() {
    sound_ = false;
    in_ = {};
    return 0;
  }
  std::string_view in_;
  bool sound_ = true;
};

bool read_detail(Reader& in, TlsFailureDetail& out) {
  const std::uint64_t type = in.number();
  out.type = static_cast<report::TlsFailureType>(type);
  out.sending_ip = in.text();
  out.receiving_host = in.text();
  out.receiving_helo = in.text();
  out.receiving_ip = in.text();
  out.reason = in.text();
  out.sessions = in.number();
  return in.is_sound() && type < report::tls_failure_types;
}

bool read_policy(Reader& in, TlsPolicyReport& out) {
  const std::uint64_t type = in.number();
  out.type = static_cast<report::TlsPolicyType>(type);
  out.text = in.texts();
  out.domain = in.text();
  out.mx = in.texts();
  out.successful = in.number();
  out.failed = in.number();
  for (std::size_t left = in.count(); left > 0 && in.is_sound(); --left) {
    if (!read_detail(in, out.details.emplace_back())) {
      return false;
    }
  }
  return in.is_sound() && type <= static_cast<std::uint64_t>(report::TlsPolicyType::sts);
}

}  // namespace

void add_fact(TlsDayCounts& counts, const TlsSessionFact& fact) {
  TlsPolicyReport one;
  one.type = fact.type;
  one.text = fact.policy_text;
  one.domain = fact.domain;
  one.mx = fact.policy_mx;
  one.successful = fact.failure ? 0 : 1;
  one.failed = fact.failure ? 1 : 0;
  if (fact.failure) {
    one.details.push_back({*fact.failure, fact.sending_ip, shortened(fact.host), "",
                           fact.receiving_ip, shortened(fact.reason), 1});
  }
  add_policy(counts, one);
}

void merge_counts(TlsDayCounts& into, const TlsDayCounts& more) {
  for (const TlsPolicyReport& policy : more) {
    add_policy(into, policy);
  }
}

std::string encode_counts(const TlsDayCounts& counts) {
  Writer out;
  out.out_ = fmt::format("{}\n", counts_head);
  out.number(counts.size());
  for (const TlsPolicyReport& policy : counts) {
    out.number(static_cast<std::uint64_t>(policy.type));
    out.texts(policy.text);
    out.text(policy.domain);
    out.texts(policy.mx);
    out.number(policy.successful);
    out.number(policy.failed);
    out.number(policy.details.size());
    for (const TlsFailureDetail& detail : policy.details) {
      out.number(static_cast<std::uint64_t>(detail.type));
      out.text(detail.sending_ip);
      out.text(detail.receiving_host);
      out.text(detail.receiving_helo);
      out.text(detail.receiving_ip);
      out.text(detail.reason);
      out.number(detail.sessions);
    }
  }
  return std::move(out.out_);
}

std::optional<TlsDayCounts> parse_counts(std::string_view octets) {
  if (!octets.starts_with(counts_head) || octets.substr(counts_head.size(), 1) != "\n") {
    return std::nullopt;
  }
  Reader in(octets.substr(counts_head.size() + 1));
  TlsDayCounts out;
  for (std::size_t left = in.count(); left > 0; --left) {
    if (!read_policy(in, out.emplace_back())) {
      return std::nullopt;
    }
  }
  return in.is_sound() && in.is_at_end() ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace postrider::policy
