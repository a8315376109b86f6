#include "destinations.hpp"

#include <fmt/core.h>
#include <span>
#include <utility>

#include <postrider/base/base64.hpp>
#include <postrider/base/gzip.hpp>
#include <postrider/base/random.hpp>
#include <postrider/flow/tls_reporter.hpp>

namespace postrider::flow {

namespace {

constexpr std::size_t page = 256;  // records read at a time
constexpr Duration day_length = std::chrono::hours(24);
constexpr Duration lookup_timeout = std::chrono::seconds(30);

std::string random_token(Random& random) {
  std::string octets(9, '\0');
  random.fill(std::as_writable_bytes(std::span(octets)));
  return encode_hex(octets);
}

std::string domain_of(const std::string& address) {
  return address.substr(address.rfind('@') + 1);
}

}  // namespace

TlsReporter::TlsReporter(Doors doors, TlsReporterSettings settings)
    : doors_(std::move(doors)), settings_(std::move(settings)), gate_(doors_.reactor) {}

// All that was counted on a day; of every day if it is empty.
engine::Task<std::vector<TlsReporter::Counted>> TlsReporter::load(std::string day) {
  co_await doors_.flush();
  std::vector<Counted> out;
  std::string after = day;
  for (bool more = true; more;) {
    const auto entries = co_await doors_.shelf.list(after, page);
    more = entries.size() == page;
    for (const policy::TlsReportShelf::Entry& entry : entries) {
      after = entry.name;
      if (!entry.name.starts_with(day)) {
        more = false;
        break;
      }
      const std::size_t blank = entry.name.find(' ');
      auto counts = policy::parse_counts(entry.octets);
      if (blank == std::string::npos || !counts) {
        std::vector<std::string> damaged{entry.name};
        co_await doors_.shelf.remove(std::move(damaged));
        continue;
      }
      out.push_back({entry.name, entry.name.substr(0, blank), entry.name.substr(blank + 1),
                     *std::move(counts)});
    }
  }
  co_return out;
}

report::TlsReport TlsReporter::make(const Counted& counted) const {
  report::TlsReport out;
  out.organization = settings_.organization;
  out.begin = policy::parse_report_day(counted.day).value_or(WallTime{});
  out.end = out.begin + day_length - std::chrono::seconds(1);
  out.contact = settings_.contact;
  out.id = fmt::format("{}.{}@{}", counted.day, counted.domain, settings_.hostname);
  out.policies = counted.counts;
  return out;
}

engine::Task<std::vector<TlsReporter::Draft>> TlsReporter::preview(std::string day) {
  std::vector<Draft> out;
  const std::vector<Counted> all = co_await load(std::move(day));
  for (const Counted& counted : all) {
    out.push_back({counted.domain, report::encode_tls_report(make(counted))});
  }
  co_return out;
}

engine::Task<std::vector<SentTlsReport>> TlsReporter::send(std::string day) {
  std::vector<SentTlsReport> out;
  const std::vector<Counted> all = co_await load(std::move(day));
  for (const Counted& counted : all) {
    const bool is_done = co_await send_one(counted, out);
    if (is_done) {
      std::vector<std::string> names{counted.name};
      co_await doors_.shelf.remove(std::move(names));
    }
  }
  co_return out;
}

engine::Task<std::optional<report::TlsrptRecord>> TlsReporter::find_record(std::string domain) {
  const engine::Until until{doors_.reactor.now() + lookup_timeout, gate_.closing()};
  const net::SharedAnswer answer =
      co_await doors_.resolver.lookup("_smtp._tls." + domain, dns::RecordType::txt, until);
  std::vector<std::string> texts;
  for (const dns::Record& record : answer->records) {
    if (const auto* txt = std::get_if<dns::Txt>(&record.data)) {
      texts.push_back(txt->text);
    }
  }
  if (answer->status == net::DnsStatus::temporary_failure) {
    co_return std::nullopt;
  }
  co_return report::parse_tlsrpt_record(texts).value_or(report::TlsrptRecord{});
}

// True: there is nothing left to do for it.
engine::Task<bool> TlsReporter::send_one(const Counted& counted, std::vector<SentTlsReport>& sent) {
  const auto record = co_await find_record(counted.domain);
  if (!record) {
    sent.push_back({counted.domain, "", false, "its TLSRPT record can't be looked up now"});
    co_return false;
  }
  const report::TlsReport report = make(counted);
  const std::string gzipped = gzip(report::encode_tls_report(report));
  bool any = record->mail.empty() && record->https.empty();
  if (any) {
    sent.push_back({counted.domain, "", false, "it does not ask for reports any more"});
  }
  for (const std::string& to : record->mail) {
    sent.push_back(co_await send_mail(counted, report, gzipped, to));
    any |= sent.back().is_sent;
  }
  for (const std::string& url : record->https) {
    sent.push_back(co_await post(counted.domain, url, gzipped));
    any |= sent.back().is_sent;
  }
  co_return any;
}

engine::Task<SentTlsReport> TlsReporter::send_mail(const Counted& counted, report::TlsReport report,
                                                   std::string gzipped, std::string to) {
  SentTlsReport out{counted.domain, to, false, ""};
  Intake* intake = doors_.intake();
  if (intake == nullptr) {
    out.problem = "the server takes no mail now";
    co_return out;
  }
  report::TlsReportMail mail;
  mail.from = settings_.from;
  mail.to = to;
  mail.submitter = settings_.hostname;
  mail.domain = counted.domain;
  mail.report_id = report.id;
  mail.file_name = report::tls_report_file_name(settings_.hostname, counted.domain, report);
  const std::string token = random_token(doors_.reactor.random());
  mail.message_id = fmt::format("tlsrpt.{}@{}", token, settings_.hostname);
  mail.boundary = "postrider-" + token;
  mail.date = doors_.reactor.wall_now();
  mail.gzipped = std::move(gzipped);
  Conversation conversation;
  conversation.door = Door::internal;
  conversation.tenant = domain_of(settings_.from);
  Transaction transaction;
  transaction.reverse_path = settings_.from;
  store::Recipient recipient;
  recipient.address = to;
  recipient.notify.never = true;  // nobody waits for it
  transaction.recipients.push_back(std::move(recipient));
  auto message = intake->open(std::move(conversation), std::move(transaction));
  auto taken = co_await message->append(report::encode_tls_report_mail(mail));
  if (taken) {
    auto id = co_await message->commit();
    out.is_sent = id.has_value();
    out.problem = id ? "" : id.error().text;
  } else {
    out.problem = taken.error().text;
  }
  co_return out;
}

// RFC 8460 5.4.
engine::Task<SentTlsReport> TlsReporter::post(std::string domain, std::string url,
                                              std::string gzipped) {
  SentTlsReport out{std::move(domain), url, false, ""};
  const auto parsed = http::parse_https_url(url);
  if (!parsed || doors_.tls == nullptr) {
    out.problem = parsed ? "this server has no trust anchors" : "that is no URL";
    co_return out;
  }
  net::HttpOrder order;
  order.url = *parsed;
  order.method = "POST";
  order.fields = {{"content-type", "application/tlsrpt+gzip"}};
  order.body = std::move(gzipped);
  order.limits.body_octets = 64UL << 10;
  const auto answer = co_await net::https_exchange(
      {doors_.reactor, doors_.resolver, *doors_.tls}, std::move(order),
      {doors_.reactor.now() + settings_.post_timeout, gate_.closing()});
  if (!answer) {
    out.problem = answer.error().text;
  } else if (answer->status / 100 != 2) {
    out.problem = fmt::format("HTTP status {}", answer->status);
  } else {
    out.is_sent = true;
  }
  co_return out;
}

void TlsReporter::start() {
  if (auto pass = gate_.enter()) {
    doors_.reactor.spawn(run(std::move(pass)));
  }
}

engine::Task<void> TlsReporter::run(engine::Gate::Pass /*pass*/) {
  const auto most = static_cast<std::uint64_t>(settings_.delay_max.count());
  const Duration delay(most == 0 ? 0
                                 : static_cast<std::int64_t>(doors_.reactor.random().below(most)));
  for (;;) {
    // Past midnight by our own delay, and again while something is left over.
    const WallTime now = doors_.reactor.wall_now();
    const WallTime midnight = std::chrono::floor<std::chrono::days>(now);
    const Duration since = now - (midnight + delay);
    const Duration wait =
        since < Duration{} ? -since : std::min(settings_.retry_every, day_length - since);
    const auto end = co_await doors_.reactor.sleep_for(wait, gate_.closing());
    if (end == engine::WaitEnd::cancelled) {
      co_return;
    }
    if (settings_.enabled) {
      co_await send_past();
    }
  }
}

engine::Task<void> TlsReporter::send_past() {
  const WallTime now = doors_.reactor.wall_now();
  const std::string today = policy::report_day(now);
  const std::vector<Counted> all = co_await load("");
  for (const Counted& counted : all) {
    const auto begin = policy::parse_report_day(counted.day);
    if (counted.day >= today || gate_.is_closed()) {
      continue;
    }
    std::vector<SentTlsReport> sent;
    const bool is_old = !begin || now - (*begin + day_length) > settings_.retry_until;
    const bool is_done = co_await send_one(counted, sent);
    if (is_done || is_old) {
      std::vector<std::string> names{counted.name};
      co_await doors_.shelf.remove(std::move(names));
    }
  }
}

engine::Task<void> TlsReporter::drain() {
  gate_.close();
  co_await gate_.drain(doors_.reactor.now());
}

}  // namespace postrider::flow
