#include "lru_table.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <unordered_set>
#include <utility>

#include <postrider/base/record_fields.hpp>
#include <postrider/base/text.hpp>
#include <postrider/policy/greylist.hpp>

namespace postrider::policy {
namespace {

constexpr std::uint64_t record_version = 1;
constexpr std::uint32_t good_max = 64;
// A date that moves by less is not worth a write.
constexpr Duration date_grain = std::chrono::hours(24);

// Names of records, in memory and on disk: the kind's letter and its words. No word holds a space:
// a quoted local part may, and is cut there.
constexpr char waiting_mark = 't';
constexpr char network_mark = 'n';
constexpr char domain_mark = 'd';

std::string word(std::string_view text) {
  std::string out = to_lower(text.substr(0, text.find(' ')));
  return out.empty() ? "-" : out;
}

std::string domain_of(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == address.npos ? std::string() : std::string(address.substr(at + 1));
}

// "192.0.2.0/24"
std::string network_of(const IpAddress& client, const GreylistSettings& settings) {
  const bool is_v4 = client.family() == IpFamily::v4;
  const std::size_t bits = is_v4 ? settings.v4_bits : settings.v6_bits;
  std::array<std::uint8_t, 16> octets = client.octets();
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const std::size_t kept = bits <= 8 * i ? 0 : std::min<std::size_t>(bits - 8 * i, 8);
    octets[i] &= static_cast<std::uint8_t>(0xff00U >> kept);
  }
  const IpAddress base =
      is_v4 ? IpAddress::v4({octets[0], octets[1], octets[2], octets[3]}) : IpAddress::v6(octets);
  return fmt::format("{}/{}", base.text(), bits);
}

struct Record {
  WallTime since{};  // waiting: first seen; else last seen, by date_grain
  std::uint32_t good = 0;
  bool has_retried = false;
  bool is_stored = false;
};

// record = version since good has_retried
std::string encode(const Record& record) {
  return FieldWriter()
      .number(record_version)
      .wall_time(record.since)
      .number(record.good)
      .flag(record.has_retried)
      .take();
}

std::optional<Record> parse(std::string_view octets) {
  FieldReader in(octets);
  const bool is_known = in.number() == record_version;
  Record out;
  out.since = in.wall_time();
  out.good = std::min(in.number32(), good_max);
  out.has_retried = in.flag();
  out.is_stored = true;
  return is_known && in.is_sound() && in.is_at_end() ? std::optional(out) : std::nullopt;
}

GreylistEntry entry_of(const std::string& name, const Record& record) {
  GreylistEntry out;
  const auto words = split(name, ' ');
  out.since = record.since;
  out.good = record.good;
  out.has_retried = record.has_retried;
  out.kind = name[0] == waiting_mark   ? GreylistEntry::Kind::waiting
             : name[0] == network_mark ? GreylistEntry::Kind::network
                                       : GreylistEntry::Kind::domain;
  (name[0] == domain_mark ? out.domain : out.network) = words[1];
  if (name[0] == waiting_mark) {
    out.domain = words[2] == "-" ? "" : words[2];
    out.recipient = words[3];
  }
  return out;
}

bool is_well_formed(const std::string& name) {
  const auto words = split(name, ' ');
  const bool is_triple = name.starts_with(waiting_mark);
  const bool is_single = name.starts_with(network_mark) || name.starts_with(domain_mark);
  return words[0].size() == 1 &&
         ((is_triple && words.size() == 4) || (is_single && words.size() == 2)) &&
         std::ranges::none_of(words, [](std::string_view part) { return part.empty(); });
}

bool speaks_of(const GreylistEntry& entry, std::string_view about) {
  return about.empty() || entry.network == about || equals_ignoring_case(entry.domain, about) ||
         equals_ignoring_case(entry.recipient, about);
}

}  // namespace

std::string_view name_of(GreylistAnswer answer) {
  switch (answer) {
    case GreylistAnswer::known_domain:
      return "known_domain";
    case GreylistAnswer::known_network:
      return "known_network";
    case GreylistAnswer::retries:
      return "retries";
    case GreylistAnswer::came_back:
      return "came_back";
    case GreylistAnswer::early:
      return "early";
    case GreylistAnswer::fresh:
      return "fresh";
  }
  return "";
}

struct Greylist::Impl {
  using Table = LruTable<std::string, Record>;
  explicit Impl(const GreylistSettings& given)
      : settings(given), waiting(given.entries), networks(given.entries), domains(given.entries) {}

  Table& table_of(const std::string& name) {
    return name[0] == waiting_mark ? waiting : name[0] == network_mark ? networks : domains;
  }
  [[nodiscard]] bool is_over(const std::string& name, const Record& record, WallTime now) const {
    return now - record.since > (name[0] == waiting_mark ? settings.window : settings.expiry);
  }

  // A record that was never written leaves no trace to be removed, and so the names of what has
  // changed are no more than the records there are and were.
  void erase(const std::string& name) {
    Table& table = table_of(name);
    const Record* found = table.find(name);
    if (found == nullptr) {
      return;
    }
    if (found->is_stored) {
      changed.insert(name);
    } else {
      changed.erase(name);
    }
    table.erase(name);
  }
  // Not over; a date of the future, from before the clock stepped back, becomes now.
  Record* find(const std::string& name, WallTime now) {
    Record* found = table_of(name).find(name);
    if (found == nullptr) {
      return nullptr;
    }
    if (is_over(name, *found, now)) {
      counters.never_came_back += name[0] == waiting_mark ? 1 : 0;
      erase(name);
      return nullptr;
    }
    if (found->since > now) {
      found->since = now;
      changed.insert(name);
    }
    return found;
  }
  Record& obtain(const std::string& name, WallTime now) {
    if (Record* found = find(name, now)) {
      return *found;
    }
    Table& table = table_of(name);
    while (table.size() >= table.capacity() && table.size() > 0) {
      ++counters.evicted;
      erase(std::string(table.oldest().first));
    }
    Record& fresh = table.obtain(name);
    fresh.since = now;
    fresh.is_stored = changed.contains(name);  // one of that name was, and is not removed yet
    changed.insert(name);
    return fresh;
  }
  void touch(const std::string& name, Record& record, WallTime now) {
    if (now - record.since >= date_grain) {
      record.since = now;
      changed.insert(name);
    }
  }

  GreylistDecision ask_waiting(const GreylistSubject& subject, const std::string& network,
                               WallTime now);
  void learn(const std::string& name, bool is_good, WallTime now);

  GreylistSettings settings;
  Table waiting;
  Table networks;
  Table domains;
  std::unordered_set<std::string> changed;
  GreylistCounters counters;
};

Greylist::Greylist(const GreylistSettings& settings) : impl_(std::make_unique<Impl>(settings)) {}
Greylist::~Greylist() = default;

void Greylist::set(const GreylistSettings& settings) {
  impl_->settings = settings;
  for (Impl::Table* table : {&impl_->waiting, &impl_->networks, &impl_->domains}) {
    table->set_capacity(settings.entries);
  }
}

// One recipient that the client comes back for is enough: some split the others off meanwhile.
GreylistDecision Greylist::Impl::ask_waiting(const GreylistSubject& subject,
                                             const std::string& network, WallTime now) {
  GreylistDecision out{GreylistAnswer::fresh, settings.delay};
  std::vector<std::string> names;
  for (const std::string& recipient : subject.recipients) {
    if (names.size() < recipients_max) {
      names.push_back(fmt::format("{} {} {} {}", waiting_mark, network,
                                  word(domain_of(subject.sender)), word(recipient)));
    }
  }
  for (const std::string& name : names) {
    const Record* found = find(name, now);
    if (found == nullptr) {
      obtain(name, now);
      continue;
    }
    const Duration away = now - found->since;
    if (away >= settings.delay) {
      out = {GreylistAnswer::came_back, away};
      break;
    }
    const Duration left = settings.delay - away;
    out = {GreylistAnswer::early,
           out.answer == GreylistAnswer::early ? std::min(out.wait, left) : left};
  }
  if (out.answer == GreylistAnswer::came_back) {
    std::ranges::for_each(names, [this](const std::string& name) { erase(name); });
    const std::string name = fmt::format("{} {}", network_mark, network);
    Record& client = obtain(name, now);
    client.has_retried = true;
    changed.insert(name);
  }
  return out;
}

GreylistDecision Greylist::ask(const GreylistSubject& subject, WallTime now) {
  GreylistCounters& counters = impl_->counters;
  const GreylistSettings& settings = impl_->settings;
  if (!subject.proven_domain.empty()) {
    const std::string name = fmt::format("{} {}", domain_mark, word(subject.proven_domain));
    const Record* domain = impl_->find(name, now);
    if (domain != nullptr && domain->good >= settings.domain_known_after) {
      ++counters.known_domain;
      return {GreylistAnswer::known_domain, {}};
    }
  }
  const std::string network = network_of(subject.client, settings);
  const std::string name = fmt::format("{} {}", network_mark, network);
  if (Record* client = impl_->find(name, now)) {
    if (client->good >= settings.network_known_after) {
      ++counters.known_network;
      return {GreylistAnswer::known_network, {}};
    }
    if (client->has_retried) {
      ++counters.retries;
      impl_->touch(name, *client, now);
      return {GreylistAnswer::retries, {}};
    }
  }
  const GreylistDecision out = impl_->ask_waiting(subject, network, now);
  ++(out.answer == GreylistAnswer::came_back ? counters.came_back
     : out.answer == GreylistAnswer::early   ? counters.early
                                             : counters.fresh);
  return out;
}

void Greylist::Impl::learn(const std::string& name, bool is_good, WallTime now) {
  if (!is_good) {
    if (Record* found = find(name, now)) {
      found->good /= 2;
      found->has_retried = false;
      changed.insert(name);
      if (found->good == 0) {
        erase(name);
      }
    }
    return;
  }
  Record& record = obtain(name, now);
  touch(name, record, now);
  if (record.good < good_max) {
    ++record.good;
    changed.insert(name);
  }
}

void Greylist::learn(const IpAddress& client, const std::string& proven_domain, bool is_good,
                     WallTime now) {
  impl_->learn(fmt::format("{} {}", network_mark, network_of(client, impl_->settings)), is_good,
               now);
  if (!proven_domain.empty()) {
    impl_->learn(fmt::format("{} {}", domain_mark, word(proven_domain)), is_good, now);
  }
}

void Greylist::sweep(WallTime now) {
  std::vector<std::string> over;
  for (const Impl::Table* table : {&impl_->waiting, &impl_->networks, &impl_->domains}) {
    for (const auto& [name, record] : *table) {
      if (impl_->is_over(name, record, now)) {
        over.push_back(name);
      }
    }
  }
  for (const std::string& name : over) {
    impl_->counters.never_came_back += name[0] == waiting_mark ? 1 : 0;
    impl_->erase(name);
  }
}

std::vector<GreylistEntry> Greylist::list(std::string_view about, std::size_t limit) const {
  std::vector<GreylistEntry> out;
  for (const Impl::Table* table : {&impl_->waiting, &impl_->networks, &impl_->domains}) {
    for (const auto& [name, record] : *table) {
      GreylistEntry entry = entry_of(name, record);
      if (out.size() < limit && speaks_of(entry, about)) {
        out.push_back(std::move(entry));
      }
    }
  }
  return out;
}

std::size_t Greylist::forget(std::string_view about) {
  std::vector<std::string> names;
  for (const Impl::Table* table : {&impl_->waiting, &impl_->networks, &impl_->domains}) {
    for (const auto& [name, record] : *table) {
      if (speaks_of(entry_of(name, record), about)) {
        names.push_back(name);
      }
    }
  }
  std::ranges::for_each(names, [this](const std::string& name) { impl_->erase(name); });
  return names.size();
}

GreylistCounters Greylist::counters() const {
  GreylistCounters out = impl_->counters;
  out.waiting = impl_->waiting.size();
  out.networks = impl_->networks.size();
  out.domains = impl_->domains.size();
  return out;
}

std::vector<Greylist::Change> Greylist::take_changes(std::size_t limit) {
  std::vector<Change> out;
  while (out.size() < limit && !impl_->changed.empty()) {
    auto node = impl_->changed.extract(impl_->changed.begin());
    Change change{std::move(node.value()), std::nullopt};
    // Not find(): to be written is not to be seen.
    Impl::Table& table = impl_->table_of(change.name);
    if (Record* found = table.peek(change.name)) {
      found->is_stored = true;
      change.octets = encode(*found);
    }
    out.push_back(std::move(change));
  }
  return out;
}

void Greylist::put_back(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    impl_->changed.insert(change.name);
  }
}

bool Greylist::restore(const std::string& name, std::string_view octets, WallTime now) {
  const auto record = parse(octets);
  if (!record || !is_well_formed(name)) {
    return false;
  }
  Impl::Table& table = impl_->table_of(name);
  if (impl_->is_over(name, *record, now) || table.size() >= table.capacity()) {
    return false;
  }
  table.obtain(name) = *record;
  return true;
}

}  // namespace postrider::policy
