#include "entry_places.hpp"
#include "mail_home.hpp"
#include "point_read.hpp"
#include "set_aside_mail.hpp"

#include <utility>

// Rights, annotations and shares that repair has set aside come back, where they can be read again:
// once a disk gives them back whole, or this program knows what a newer one wrote.
namespace postrider::store {
namespace {

constexpr std::size_t slice = 64;  // their values may be of 64 KiB each

struct AsideEntry {
  std::string aside;  // its key in the quarantine
  EntryName name;
  std::optional<std::string> value;
  std::string problem;  // why there is no value
};

AsideEntry look_at(std::string_view key, std::string_view record) {
  const std::string original(key.substr(family_octets));
  AsideEntry out{.aside = std::string(key),
                 .name = parse_entry_key(original).value_or(EntryName{}),
                 .value = {},
                 .problem = {}};
  const auto kept = decode_quarantined(key, record);
  auto entry =
      kept ? decode_entry(original, kept->value) : RecordResult<MailEntry>(failure(kept.error()));
  if (entry) {
    out.value = std::move(entry->value);
  } else {
    out.problem = std::string(entry_unreadable) + " (" + std::string(describe(entry.error())) + ")";
  }
  return out;
}

MailResult<std::vector<AsideEntry>> read_slice(const KvReader& kv, MailAccountId account,
                                               const std::string& after) {
  const std::string prefix = quarantine_key(Family::mail_entry, account_key(account));
  const auto cursor =
      kv.walk(Family::quarantine, after.empty() ? prefix : after + '\0', past(prefix));
  std::vector<AsideEntry> found;
  for (; cursor->is_valid() && found.size() < slice; cursor->next()) {
    found.push_back(look_at(cursor->key(), cursor->value()));
  }
  if (const auto error = cursor->error()) {
    return failure(mail_error(*error));
  }
  return found;
}

}  // namespace

engine::Task<MailResult<bool>> MailHome::put_entries_back(MailAccountId id, std::string& after,
                                                          PutBackReport& report) {
  auto held = co_await hold(id, See::records);
  if (!held) {
    co_return failure(held.error());
  }
  AccountMail& account = **held;
  MailResult<std::vector<AsideEntry>> found;
  EntryPlaces places;
  MailResult<void> loaded;
  co_await off_core(port_->reactor(), [&, this] {
    found = read_slice(kv_, id, after);
    for (std::size_t i = 0; found && loaded && i < found->size(); ++i) {
      loaded = places.load(kv_, id, {{(*found)[i].name, {}, {}}});
    }
  });
  if (!found || !loaded) {
    co_return failure(found ? loaded.error() : found.error());
  }
  std::vector<EntryChange> changes;
  std::vector<std::string> ended;
  std::vector<PutBackReport::Entry> done;
  for (AsideEntry& entry : *found) {
    const auto box = account.boxes.find(entry.name.mailbox);
    const std::string mailbox = box == account.boxes.end() ? std::string() : box->second.row.name;
    after = entry.aside;
    // Rights go with their mailbox at once, and the rest is of no use to anybody from then on.
    const bool has_place =
        entry.name.mailbox == MailboxId::none || account.find(entry.name.mailbox) != nullptr;
    if (!entry.value && has_place) {
      report.leave({mailbox, 0, std::move(entry.problem), "stays set aside; set it anew"});
    } else if (!has_place || places.has(entry.name)) {
      ended.push_back(std::move(entry.aside));
      done.push_back({std::move(entry.name), mailbox, false});
    } else if (!places.has_room_beside(entry.name)) {
      report.leave({mailbox, 0, "there are as many of its kind as there may be",
                    "stays set aside; remove another"});
    } else {
      changes.push_back({entry.name, std::move(entry.value), {}});
      (void)places.apply({changes.back()});  // there is room: it was asked for
      done.push_back({std::move(entry.name), mailbox, true});
    }
  }
  const bool more = found->size() == slice;
  if (auto written =
          co_await commit_entries(*std::move(held), std::move(changes), std::move(ended));
      !written) {
    co_return failure(written.error());
  }
  report.entries.insert(report.entries.end(), std::move_iterator(done.begin()),
                        std::move_iterator(done.end()));
  co_return more;
}

}  // namespace postrider::store
