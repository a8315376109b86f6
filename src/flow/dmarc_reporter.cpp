#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/gzip.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dmarc/record.hpp>
#include <postrider/codec/http/message.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/report/report_mail.hpp>
#include <postrider/flow/dmarc_reporter.hpp>

namespace postrider::flow {

namespace {

bool is_under(std::string_view domain, std::string_view above) {
  return domain.size() > above.size() && domain.ends_with(above) &&
         domain[domain.size() - above.size() - 1] == '.';
}

}  // namespace

std::optional<std::string> parse_dmarc_uri(std::string_view uri) {
  constexpr std::string_view scheme = "mailto:";
  if (!starts_with_ignoring_case(uri, scheme)) {
    return std::nullopt;
  }
  uri.remove_prefix(scheme.size());
  const auto decoded = http::decode_percent(uri.substr(0, uri.find('?')));
  if (!decoded) {
    return std::nullopt;
  }
  const auto mailbox = mime::parse_mailbox("<" + *decoded + ">");
  if (!mailbox || mailbox->domain.empty()) {
    return std::nullopt;
  }
  return mailbox->addr_spec();
}

bool is_own_report_host(std::string_view domain, std::string_view host) {
  const std::string ours = to_lower(domain);
  const std::string theirs = to_lower(host);
  return ours == theirs || is_under(theirs, ours) || is_under(ours, theirs);
}

std::optional<report::DmarcReport> DmarcReporter::make(const Counted& counted) const {
  policy::DmarcDayCounts counts;
  for (const policy::DayShelf::Entry& entry : counted.entries) {
    if (const auto read = policy::DmarcDay::parse(entry.octets)) {
      policy::DmarcDay::merge(counts, *read);
    }
  }
  if (counts.rows.empty()) {
    return std::nullopt;
  }
  report::DmarcReport out;
  out.organization = settings().organization;
  out.email = settings().from;
  out.contact = settings().contact;
  out.id = fmt::format("{}.{}@{}", counted.day, counted.domain, settings().hostname);
  out.begin = counted.begin();
  out.end = counted.end();
  out.generator = "Postrider";
  out.published = counts.published;
  for (auto& [key, row] : counts.rows) {
    out.rows.push_back(std::move(row));
  }
  return out;
}

std::string DmarcReporter::draft(const Counted& counted) const {
  const auto report = make(counted);
  return report ? report::encode_dmarc_report(*report) : std::string();
}

// nullopt: DNS does not say now.
engine::Task<std::optional<std::vector<std::string>>> DmarcReporter::find_addresses(
    std::string domain) {
  const auto texts = co_await find_texts(dmarc::record_name(domain));
  if (!texts) {
    co_return std::nullopt;
  }
  std::vector<std::string> out;
  for (const std::string& text : *texts) {
    const auto record = dmarc::parse_record(text);
    for (const std::string& uri : record ? record->aggregate_uris : std::vector<std::string>()) {
      if (auto address = parse_dmarc_uri(uri); address && out.size() < addresses_max) {
        out.push_back(*std::move(address));
      }
    }
  }
  co_return out;
}

engine::Task<bool> DmarcReporter::send_one(const Counted& counted, std::vector<SentReport>& sent) {
  const auto report = make(counted);
  if (!report) {
    co_return true;
  }
  const auto addresses = co_await find_addresses(counted.domain);
  if (!addresses) {
    sent.push_back({counted.domain, "", false, "its DMARC record can't be looked up now"});
    co_return false;
  }
  if (addresses->empty()) {
    sent.push_back({counted.domain, "", false, "it does not ask for reports any more"});
    co_return true;
  }
  const std::string gzipped = gzip(report::encode_dmarc_report(*report));
  bool any = false;
  for (const std::string& to : *addresses) {
    sent.push_back(co_await send_to(counted, *report, gzipped, to));
    any |= sent.back().is_sent;
  }
  co_return any;
}

engine::Task<SentReport> DmarcReporter::send_to(const Counted& counted,
                                                const report::DmarcReport& report,
                                                const std::string& gzipped, std::string to) {
  SentReport about{counted.domain, to, false, ""};
  const std::string host = to.substr(to.rfind('@') + 1);
  if (!is_own_report_host(counted.domain, host)) {
    const auto texts = co_await find_texts(counted.domain + "._report._dmarc." + host);
    if (!texts) {
      about.problem = fmt::format("whether {} wants it can't be looked up now", host);
      co_return about;
    }
    if (std::ranges::none_of(
            *texts, [](const auto& text) { return dmarc::parse_record(text).has_value(); })) {
      about.problem = fmt::format("{} does not say that it wants reports about others", host);
      co_return about;
    }
  }
  report::ReportMail mail;
  mail.from = settings().from;
  mail.to = to;
  mail.submitter = settings().hostname;
  mail.domain = counted.domain;
  mail.report_id = report.id;
  mail.file_name = report::dmarc_report_file_name(settings().hostname, report);
  const std::string token = random_token();
  mail.message_id = fmt::format("dmarc.{}@{}", token, settings().hostname);
  mail.boundary = "postrider-" + token;
  mail.date = doors().reactor.wall_now();
  mail.gzipped = gzipped;
  co_return co_await submit(std::move(about), report::encode_dmarc_report_mail(mail));
}

}  // namespace postrider::flow
