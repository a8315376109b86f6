#include <fmt/core.h>
#include <utility>

#include <postrider/base/gzip.hpp>
#include <postrider/codec/report/report_mail.hpp>
#include <postrider/flow/tls_reporter.hpp>
#include <postrider/net/http_client.hpp>

namespace postrider::flow {

std::optional<report::TlsReport> TlsReporter::make(const Counted& counted) const {
  policy::TlsDayCounts counts;
  for (const policy::DayShelf::Entry& entry : counted.entries) {
    if (const auto read = policy::parse_counts(entry.octets)) {
      policy::merge_counts(counts, *read);
    }
  }
  if (counts.empty()) {
    return std::nullopt;
  }
  report::TlsReport out;
  out.organization = settings().organization;
  out.begin = counted.begin();
  out.end = counted.end();
  out.contact = settings().contact;
  out.id = fmt::format("{}.{}@{}", counted.day, counted.domain, settings().hostname);
  out.policies = std::move(counts);
  return out;
}

std::string TlsReporter::draft(const Counted& counted) const {
  const auto report = make(counted);
  return report ? report::encode_tls_report(*report) : std::string();
}

engine::Task<std::optional<report::TlsrptRecord>> TlsReporter::find_record(std::string domain) {
  const auto texts = co_await find_texts("_smtp._tls." + domain);
  if (!texts) {
    co_return std::nullopt;
  }
  co_return report::parse_tlsrpt_record(*texts).value_or(report::TlsrptRecord{});
}

engine::Task<bool> TlsReporter::send_one(const Counted& counted, std::vector<SentReport>& sent) {
  const auto report = make(counted);
  if (!report) {
    co_return true;
  }
  const auto record = co_await find_record(counted.domain);
  if (!record) {
    sent.push_back({counted.domain, "", false, "its TLSRPT record can't be looked up now"});
    co_return false;
  }
  const std::string gzipped = gzip(report::encode_tls_report(*report));
  bool any = record->mail.empty() && record->https.empty();
  if (any) {
    sent.push_back({counted.domain, "", false, "it does not ask for reports any more"});
  }
  for (const std::string& to : record->mail) {
    SentReport about{counted.domain, to, false, ""};
    sent.push_back(co_await submit(std::move(about), mail_of(counted, *report, gzipped, to)));
    any |= sent.back().is_sent;
  }
  for (const std::string& url : record->https) {
    SentReport about{counted.domain, url, false, ""};
    sent.push_back(co_await post(std::move(about), gzipped));
    any |= sent.back().is_sent;
  }
  co_return any;
}

std::string TlsReporter::mail_of(const Counted& counted, const report::TlsReport& report,
                                 std::string gzipped, std::string to) {
  report::ReportMail mail;
  mail.from = settings().from;
  mail.to = std::move(to);
  mail.submitter = settings().hostname;
  mail.domain = counted.domain;
  mail.report_id = report.id;
  mail.file_name = report::tls_report_file_name(settings().hostname, counted.domain, report);
  const std::string token = random_token();
  mail.message_id = fmt::format("tlsrpt.{}@{}", token, settings().hostname);
  mail.boundary = "postrider-" + token;
  mail.date = doors().reactor.wall_now();
  mail.gzipped = std::move(gzipped);
  return report::encode_tls_report_mail(mail);
}

// RFC 8460 5.4.
engine::Task<SentReport> TlsReporter::post(SentReport about, std::string gzipped) {
  const auto parsed = http::parse_https_url(about.to);
  if (!parsed || doors().tls == nullptr) {
    about.problem = parsed ? "this server has no trust anchors" : "that is no URL";
    co_return about;
  }
  net::HttpOrder order;
  order.url = *parsed;
  order.method = "POST";
  order.fields = {{"content-type", "application/tlsrpt+gzip"}};
  order.body = std::move(gzipped);
  order.limits.body_octets = 64UL << 10;
  const auto answer = co_await net::https_exchange(
      {doors().reactor, doors().resolver, *doors().tls}, std::move(order),
      {doors().reactor.now() + settings().post_timeout, closing()});
  if (!answer) {
    about.problem = answer.error().text;
  } else if (answer->status / 100 != 2) {
    about.problem = fmt::format("HTTP status {}", answer->status);
  } else {
    about.is_sent = true;
  }
  co_return about;
}

}  // namespace postrider::flow
