#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/flow/daily_reporter.hpp>
#include <postrider/policy/dmarc_report.hpp>

namespace postrider::flow {

// The address in a URI of rua=: "mailto:address". nullopt: another kind of URI, or malformed.
[[nodiscard]] std::optional<std::string> parse_dmarc_uri(std::string_view uri);
// Whoever publishes `domain` may name `host` without being asked back: one stands under the other.
// Else `host` must say that it wants them (RFC 7489 7.1).
[[nodiscard]] bool is_own_report_host(std::string_view domain, std::string_view host);

// DMARC's aggregate reports (RFC 9990), by mail.
class DmarcReporter final : public DailyReporter {
 public:
  using DailyReporter::DailyReporter;

  static constexpr std::size_t addresses_max = 10;  // of one domain

 private:
  [[nodiscard]] std::string draft(const Counted& counted) const override;
  [[nodiscard]] engine::Task<bool> send_one(const Counted& counted,
                                            std::vector<SentReport>& sent) override;

  [[nodiscard]] std::optional<report::DmarcReport> make(const Counted& counted) const;
  [[nodiscard]] engine::Task<std::optional<std::vector<std::string>>> find_addresses(
      std::string domain);
  [[nodiscard]] engine::Task<SentReport> send_to(const Counted& counted,
                                                 const report::DmarcReport& report,
                                                 const std::string& gzipped, std::string to);
};

}  // namespace postrider::flow
