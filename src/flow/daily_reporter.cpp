#include <span>
#include <utility>

#include <postrider/base/base64.hpp>
#include <postrider/base/random.hpp>
#include <postrider/flow/daily_reporter.hpp>

namespace postrider::flow {

namespace {

constexpr std::size_t page = 256;  // records read at a time
constexpr Duration day_length = std::chrono::hours(24);
constexpr Duration lookup_timeout = std::chrono::seconds(30);

std::string domain_of(const std::string& address) {
  return address.substr(address.rfind('@') + 1);
}

}  // namespace

WallTime DailyReporter::Counted::begin() const {
  return policy::parse_report_day(day).value_or(WallTime{});
}

WallTime DailyReporter::Counted::end() const {
  return begin() + day_length - std::chrono::seconds(1);
}

DailyReporter::DailyReporter(Doors doors, ReporterSettings settings)
    : doors_(std::move(doors)), settings_(std::move(settings)), gate_(doors_.reactor) {}

// All that was counted on a day; of every day if it is empty. Names are "DAY DOMAIN" or "DAY DOMAIN
// CORE": those of a domain stand together.
engine::Task<std::vector<DailyReporter::Counted>> DailyReporter::load(std::string day) {
  co_await doors_.flush();
  std::vector<Counted> out;
  std::string after = day;
  for (bool more = true; more;) {
    auto entries = co_await doors_.shelf.list(after, page);
    more = entries.size() == page;
    for (policy::DayShelf::Entry& entry : entries) {
      after = entry.name;
      if (!entry.name.starts_with(day)) {
        more = false;
        break;
      }
      const std::size_t blank = entry.name.find(' ');
      if (blank == std::string::npos) {
        std::vector<std::string> damaged{entry.name};
        co_await doors_.shelf.remove(std::move(damaged));
        continue;
      }
      std::string counted_day = entry.name.substr(0, blank);
      std::string domain =
          entry.name.substr(blank + 1, entry.name.find(' ', blank + 1) - blank - 1);
      if (out.empty() || out.back().day != counted_day || out.back().domain != domain) {
        out.push_back({std::move(counted_day), std::move(domain), {}});
      }
      out.back().entries.push_back(std::move(entry));
    }
  }
  co_return out;
}

engine::Task<void> DailyReporter::forget(const Counted& counted) {
  std::vector<std::string> names;
  for (const policy::DayShelf::Entry& entry : counted.entries) {
    names.push_back(entry.name);
  }
  co_await doors_.shelf.remove(std::move(names));
}

engine::Task<std::vector<ReportDraft>> DailyReporter::preview(std::string day) {
  std::vector<ReportDraft> out;
  const std::vector<Counted> all = co_await load(std::move(day));
  for (const Counted& counted : all) {
    std::string text = draft(counted);
    if (text.empty()) {
      co_await forget(counted);
    } else {
      out.push_back({counted.domain, std::move(text)});
    }
  }
  co_return out;
}

engine::Task<std::vector<SentReport>> DailyReporter::send(std::string day) {
  std::vector<SentReport> out;
  const std::vector<Counted> all = co_await load(std::move(day));
  for (const Counted& counted : all) {
    if (co_await send_one(counted, out)) {
      co_await forget(counted);
    }
  }
  co_return out;
}

engine::Task<std::optional<std::vector<std::string>>> DailyReporter::find_texts(std::string name) {
  const engine::Until until{doors_.reactor.now() + lookup_timeout, gate_.closing()};
  const net::SharedAnswer answer =
      co_await doors_.resolver.lookup(std::move(name), dns::RecordType::txt, until);
  if (answer->status == net::DnsStatus::temporary_failure) {
    co_return std::nullopt;
  }
  std::vector<std::string> texts;
  for (const dns::Record& record : answer->records) {
    if (const auto* txt = std::get_if<dns::Txt>(&record.data)) {
      texts.push_back(txt->text);
    }
  }
  co_return texts;
}

std::string DailyReporter::random_token() {
  std::string octets(9, '\0');
  doors_.reactor.random().fill(std::as_writable_bytes(std::span(octets)));
  return encode_hex(octets);
}

engine::Task<SentReport> DailyReporter::submit(SentReport about, std::string octets) {
  Intake* intake = doors_.intake();
  if (intake == nullptr) {
    about.problem = "the server takes no mail now";
    co_return about;
  }
  Conversation conversation;
  conversation.door = Door::internal;
  conversation.tenant = domain_of(settings_.from);
  Transaction transaction;
  transaction.reverse_path = settings_.from;
  store::Recipient recipient;
  recipient.address = about.to;
  recipient.notify.never = true;  // nobody waits for it
  transaction.recipients.push_back(std::move(recipient));
  auto message = intake->open(std::move(conversation), std::move(transaction));
  auto taken = co_await message->append(std::move(octets));
  if (taken) {
    auto id = co_await message->commit();
    about.is_sent = id.has_value();
    about.problem = id ? "" : id.error().text;
  } else {
    about.problem = taken.error().text;
  }
  co_return about;
}

void DailyReporter::start() {
  if (auto pass = gate_.enter()) {
    doors_.reactor.spawn(run(std::move(pass)));
  }
}

engine::Task<void> DailyReporter::run(engine::Gate::Pass /*pass*/) {
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

engine::Task<void> DailyReporter::send_past() {
  const WallTime now = doors_.reactor.wall_now();
  const std::string today = policy::report_day(now);
  const std::vector<Counted> all = co_await load("");
  for (const Counted& counted : all) {
    if (counted.day >= today || gate_.is_closed()) {
      continue;
    }
    std::vector<SentReport> sent;
    const bool is_old = now - counted.end() > settings_.retry_until;
    const bool is_done = co_await send_one(counted, sent);
    if (is_done || is_old) {
      co_await forget(counted);
    }
  }
}

engine::Task<void> DailyReporter::drain() {
  gate_.close();
  co_await gate_.drain(doors_.reactor.now());
}

}  // namespace postrider::flow
