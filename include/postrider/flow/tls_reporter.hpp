#pragma once

#include <optional>
#include <string>
#include <vector>

#include <postrider/codec/report/tlsrpt_record.hpp>
#include <postrider/flow/daily_reporter.hpp>
#include <postrider/policy/tls_report.hpp>

namespace postrider::flow {

// TLS reports (RFC 8460): by mail and by HTTPS.
class TlsReporter final : public DailyReporter {
 public:
  using DailyReporter::DailyReporter;

 private:
  [[nodiscard]] std::string draft(const Counted& counted) const override;
  [[nodiscard]] engine::Task<bool> send_one(const Counted& counted,
                                            std::vector<SentReport>& sent) override;

  [[nodiscard]] engine::Task<std::optional<report::TlsrptRecord>> find_record(std::string domain);
  [[nodiscard]] std::optional<report::TlsReport> make(const Counted& counted) const;
  [[nodiscard]] std::string mail_of(const Counted& counted, const report::TlsReport& report,
                                    std::string gzipped, std::string to);
  [[nodiscard]] engine::Task<SentReport> post(SentReport about, std::string gzipped);
};

}  // namespace postrider::flow
