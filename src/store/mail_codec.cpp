#include "mail_codec.hpp"

#include "record_seal.hpp"

#include <algorithm>

namespace postrider::store {
namespace {

constexpr std::size_t account_bytes = 8;
constexpr std::size_t mailbox_bytes = 4;
constexpr std::size_t mail_bytes = account_bytes + mailbox_bytes + 4;
constexpr int arrival_bytes = 8;
constexpr int frame_bytes = 4;
constexpr std::uint64_t sign_bit = 1ULL << 63;
constexpr std::size_t entry_bytes = account_bytes + 1 + mailbox_bytes + account_bytes;
constexpr int zone_minutes_max = 6000;
constexpr int largest_use = static_cast<int>(SpecialUse::important);

void append(std::string& out, MailAccountId account) {
  append_be(out, static_cast<std::uint64_t>(account), 8);
}
void append(std::string& out, MailboxId mailbox) {
  append_be(out, static_cast<std::uint32_t>(mailbox), 4);
}
MailAccountId account_in(std::string_view key) {
  return MailAccountId{parse_be(key.substr(0, account_bytes))};
}
MailboxId mailbox_at(std::string_view key, std::size_t at) {
  return MailboxId{static_cast<std::uint32_t>(parse_be(key.substr(at, mailbox_bytes)))};
}

void write_words(FieldWriter& out, const std::vector<std::string>& words) {
  out.number(words.size());
  for (const std::string& word : words) {
    out.text(word);
  }
}
std::vector<std::string> read_words(FieldReader& in) {
  std::vector<std::string> words(in.count());
  for (std::string& word : words) {
    word = in.text();
  }
  return words;
}

}  // namespace

std::string account_key(MailAccountId account) {
  std::string key;
  append(key, account);
  return key;
}

std::string mailbox_key(MailAccountId account, MailboxId mailbox) {
  std::string key = account_key(account);
  append(key, mailbox);
  return key;
}

std::string page_key(MailAccountId account, MailboxId mailbox, std::uint32_t page) {
  std::string key = mailbox_key(account, mailbox);
  append_be(key, page, 4);
  return key;
}

std::string mail_key(const MailKey& mail) {
  return page_key(mail.account, mail.mailbox, mail.uid);
}

std::string change_key(const MailKey& mail, ModSeq modseq) {
  std::string key = mailbox_key(mail.account, mail.mailbox);
  append_be(key, modseq, 8);
  append_be(key, mail.uid, 4);
  return key;
}

std::string trash_key(const MailKey& mail, WallTime expunged) {
  std::string key = account_key(mail.account);
  append_be(key, static_cast<std::uint64_t>(expunged.time_since_epoch().count()) ^ sign_bit, 8);
  append(key, mail.mailbox);
  append_be(key, mail.uid, 4);
  return key;
}

std::string blob_name(const BlobId& blob) {
  std::string name;
  name.reserve(arrival_bytes + blob.hash.size() + mail_bytes);
  if (blob.arrival > 0) {
    append_be(name, blob.arrival, arrival_bytes);
  }
  return name.append(blob.hash.begin(), blob.hash.end());
}

std::string blob_key(const BlobId& blob, std::uint32_t frame) {
  std::string key = blob_name(blob);
  append_be(key, frame, frame_bytes);
  return key;
}

std::string ref_key(const BlobId& blob, const MailKey& mail) {
  return blob_name(blob) + mail_key(mail);
}

std::string same_key(const BlobHash& hash) {
  return {hash.begin(), hash.end()};
}

std::string entry_prefix(MailAccountId account, EntryKind kind) {
  std::string key = account_key(account);
  append_be(key, static_cast<std::uint64_t>(kind), 1);
  return key;
}

std::string entry_prefix(MailAccountId account, EntryKind kind, MailboxId mailbox,
                         std::optional<MailAccountId> holder) {
  std::string key = entry_prefix(account, kind);
  append(key, mailbox);
  if (holder) {
    append(key, *holder);
  }
  return key;
}

std::string entry_key(MailAccountId account, const EntryName& entry) {
  return entry_prefix(account, entry.kind, entry.mailbox, entry.holder) + entry.name;
}

std::optional<BlobId> parse_blob_name(std::string_view name) {
  BlobId blob;
  if (name.size() == arrival_bytes + blob.hash.size()) {
    blob.arrival = parse_be(name.substr(0, arrival_bytes));
    if (blob.arrival == 0) {
      return std::nullopt;
    }
    name.remove_prefix(arrival_bytes);
  }
  if (name.size() != blob.hash.size()) {
    return std::nullopt;
  }
  std::ranges::copy(name, blob.hash.begin());
  return blob;
}

std::string_view blob_in_frame_key(std::string_view key) {
  return key.substr(0, key.size() - std::min<std::size_t>(key.size(), frame_bytes));
}

RefKey split_ref_key(std::string_view key) {
  const std::size_t at = key.size() - std::min(key.size(), mail_bytes);
  return {key.substr(0, at), key.substr(at)};
}

std::string past(std::string key) {
  while (!key.empty() && key.back() == '\xff') {
    key.pop_back();
  }
  if (!key.empty()) {
    key.back() = static_cast<char>(static_cast<unsigned char>(key.back()) + 1);
  }
  return key;
}

std::optional<MailKey> parse_mail_key(std::string_view key) {
  if (key.size() != mail_bytes) {
    return std::nullopt;
  }
  return MailKey{account_in(key), mailbox_at(key, account_bytes),
                 static_cast<Uid>(parse_be(key.substr(account_bytes + mailbox_bytes)))};
}

std::optional<MailboxId> parse_mailbox_key(std::string_view key) {
  if (key.size() < account_bytes + mailbox_bytes) {
    return std::nullopt;
  }
  return mailbox_at(key, account_bytes);
}

std::optional<std::uint32_t> parse_page_key(std::string_view key) {
  const auto mail = parse_mail_key(key);
  return mail ? std::optional(mail->uid) : std::nullopt;
}

std::optional<ChangeKey> parse_change_key(std::string_view key) {
  constexpr std::size_t before = account_bytes + mailbox_bytes;
  if (key.size() != before + 12) {
    return std::nullopt;
  }
  return ChangeKey{parse_be(key.substr(before, 8)),
                   static_cast<Uid>(parse_be(key.substr(before + 8)))};
}

std::optional<TrashKey> parse_trash_key(std::string_view key) {
  if (key.size() != mail_bytes + 8) {
    return std::nullopt;
  }
  const std::uint64_t time = parse_be(key.substr(account_bytes, 8)) ^ sign_bit;
  return TrashKey{{account_in(key), mailbox_at(key, account_bytes + 8),
                   static_cast<Uid>(parse_be(key.substr(account_bytes + 8 + mailbox_bytes)))},
                  WallTime(Duration(static_cast<std::int64_t>(time)))};
}

std::optional<EntryName> parse_entry_key(std::string_view key) {
  if (key.size() < entry_bytes) {
    return std::nullopt;
  }
  const auto kind = static_cast<EntryKind>(parse_be(key.substr(account_bytes, 1)));
  if (kind < EntryKind::access || kind > EntryKind::share) {
    return std::nullopt;
  }
  return EntryName{kind, mailbox_at(key, account_bytes + 1),
                   account_in(key.substr(account_bytes + 1 + mailbox_bytes)),
                   std::string(key.substr(entry_bytes))};
}

std::string encode_mail_account(std::string_view key, const MailAccount& account) {
  FieldWriter out;
  out.text(account.name).number(account.usage.size_bytes).number(account.usage.messages);
  out.number(account.modseq).number(account.next_mailbox).number(account.last_uid_validity);
  out.number(account.next_email).wall_time(account.created);
  write_words(out, account.subscriptions);
  return seal(key, std::move(out));
}

RecordResult<MailAccount> decode_mail_account(std::string_view key, std::string_view value) {
  return decode<MailAccount>(key, value, [](FieldReader& in, MailAccount& account) {
    account.name = in.text();
    account.usage = {in.number(), in.number()};
    account.modseq = in.number();
    account.next_mailbox = in.number32();
    account.last_uid_validity = in.number32();
    account.next_email = in.number();
    account.created = in.wall_time();
    account.subscriptions = read_words(in);
    return account.modseq > 0 && account.next_mailbox > 0;
  });
}

std::string encode_account_id(std::string_view key, MailAccountId account) {
  FieldWriter out;
  out.number(static_cast<std::uint64_t>(account));
  return seal(key, std::move(out));
}

RecordResult<MailAccountId> decode_account_id(std::string_view key, std::string_view value) {
  return decode<MailAccountId>(key, value, [](FieldReader& in, MailAccountId& account) {
    account = MailAccountId{in.number()};
    return account != MailAccountId::none;
  });
}

std::string encode_mailbox(std::string_view key, const Mailbox& mailbox) {
  FieldWriter out;
  out.text(mailbox.name).number(mailbox.uid_validity).number(mailbox.uid_next);
  out.number(mailbox.highest_modseq).number(mailbox.vanished_floor);
  out.number(mailbox.counts.messages).number(mailbox.counts.unseen);
  out.number(mailbox.counts.deleted).number(mailbox.counts.size_bytes);
  out.number(static_cast<std::uint64_t>(mailbox.special_use));
  out.wall_time(mailbox.created).wall_time(mailbox.removed);
  write_words(out, mailbox.keywords);
  out.number(mailbox.recent_from);
  return seal(key, std::move(out));
}

RecordResult<Mailbox> decode_mailbox(std::string_view key, std::string_view value) {
  return decode<Mailbox>(key, value, [key](FieldReader& in, Mailbox& mailbox) {
    mailbox.id = parse_mailbox_key(key).value_or(MailboxId::none);
    mailbox.name = in.text();
    mailbox.uid_validity = in.number32();
    mailbox.uid_next = in.number32();
    mailbox.highest_modseq = in.number();
    mailbox.vanished_floor = in.number();
    mailbox.counts.messages = in.number32();
    mailbox.counts.unseen = in.number32();
    mailbox.counts.deleted = in.number32();
    mailbox.counts.size_bytes = in.number();
    mailbox.special_use = static_cast<SpecialUse>(in.number(largest_use));
    mailbox.created = in.wall_time();
    mailbox.removed = in.wall_time();
    mailbox.keywords = read_words(in);
    // Older records end here: what was there then is new to nobody.
    mailbox.recent_from = in.is_at_end() ? mailbox.uid_next : in.number32();
    return mailbox.id != MailboxId::none && mailbox.uid_next > 0 && mailbox.highest_modseq > 0;
  });
}

std::string encode_facts(std::string_view key, const MailFacts& facts) {
  FieldWriter out;
  out.number(facts.flags.system);
  write_words(out, facts.flags.keywords);
  out.number(facts.modseq).wall_time(facts.internal_date).wall_time(facts.saved);
  out.number(facts.email).number(facts.thread).number(facts.trace_bytes).number(facts.body_bytes);
  out.text(blob_name(facts.blob));
  const int zone = facts.zone_minutes + zone_minutes_max;
  out.number(static_cast<std::uint64_t>(zone));
  return seal(key, std::move(out));
}

RecordResult<MailFacts> decode_facts(std::string_view key, std::string_view value) {
  return decode<MailFacts>(key, value, [](FieldReader& in, MailFacts& facts) {
    facts.flags.system = static_cast<std::uint8_t>(in.number(SystemFlag::all));
    facts.flags.keywords = read_words(in);
    facts.modseq = in.number();
    facts.internal_date = in.wall_time();
    facts.saved = in.wall_time();
    facts.email = in.number();
    facts.thread = in.number();
    facts.trace_bytes = in.number32();
    facts.body_bytes = in.number();
    const auto blob = parse_blob_name(in.view());
    if (!blob) {
      return false;
    }
    facts.blob = *blob;
    if (!in.is_at_end()) {  // older records end here
      const auto zone = static_cast<int>(in.number(2 * zone_minutes_max));
      facts.zone_minutes = static_cast<std::int16_t>(zone - zone_minutes_max);
    }
    return true;
  });
}

std::string encode_detail(std::string_view key, const MailDetail& detail) {
  FieldWriter out;
  out.text(detail.trace).text(detail.rendered);
  return seal(key, std::move(out));
}

RecordResult<MailDetail> decode_detail(std::string_view key, std::string_view value) {
  const auto found = read_detail(key, value);
  if (!found) {
    return failure(found.error());
  }
  return MailDetail{std::string(found->trace), std::string(found->rendered)};
}

RecordResult<MailDetailView> read_detail(std::string_view key, std::string_view value) {
  return decode<MailDetailView>(key, value, [](FieldReader& in, MailDetailView& detail) {
    detail.trace = in.view();
    detail.rendered = in.view();
    return true;
  });
}

std::string encode_event(std::string_view key, MailEvent event) {
  FieldWriter out;
  out.number(static_cast<std::uint64_t>(event));
  return seal(key, std::move(out));
}

RecordResult<MailEvent> decode_event(std::string_view key, std::string_view value) {
  return decode<MailEvent>(key, value, [](FieldReader& in, MailEvent& event) {
    event = static_cast<MailEvent>(in.number(static_cast<std::uint64_t>(MailEvent::expunged)));
    return true;
  });
}

std::string encode_modseq(std::string_view key, ModSeq modseq) {
  FieldWriter out;
  out.number(modseq);
  return seal(key, std::move(out));
}

RecordResult<ModSeq> decode_modseq(std::string_view key, std::string_view value) {
  return decode<ModSeq>(key, value, [](FieldReader& in, ModSeq& modseq) {
    modseq = in.number();
    return modseq > 0;
  });
}

std::string encode_arrivals(std::string_view key, const Arrivals& arrivals) {
  FieldWriter out;
  out.number(arrivals.size());
  for (const std::uint64_t arrival : arrivals) {
    out.fixed64(arrival);
  }
  return seal(key, std::move(out));
}

RecordResult<Arrivals> decode_arrivals(std::string_view key, std::string_view value) {
  return decode<Arrivals>(key, value, [](FieldReader& in, Arrivals& arrivals) {
    arrivals.resize(in.count());
    for (std::uint64_t& arrival : arrivals) {
      arrival = in.fixed64();
    }
    return !arrivals.empty();
  });
}

std::string encode_entry(std::string_view key, std::string_view value) {
  FieldWriter out;
  out.text(value);
  return seal(key, std::move(out));
}

RecordResult<MailEntry> decode_entry(std::string_view key, std::string_view value) {
  return decode<MailEntry>(key, value, [key](FieldReader& in, MailEntry& entry) {
    auto name = parse_entry_key(key);
    entry.value = in.text();
    if (!name) {
      return false;
    }
    entry.name = *std::move(name);
    return true;
  });
}

}  // namespace postrider::store
