#include "account_mail.hpp"

#include "point_read.hpp"

#include <algorithm>

#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>

namespace postrider::store {
namespace {

bool has_bit(const UidSet::Page& page, Uid uid) {
  const std::uint32_t at = uid % UidSet::page_uids;
  return (page.bits[at / 64] >> (at % 64) & 1) != 0;
}

}  // namespace

bool MailboxState::has(Uid uid) const {
  const auto page = pages.find(uid / UidSet::page_uids);
  return page != pages.end() && has_bit(page->second.messages, uid);
}

bool MailboxState::is_seen(Uid uid) const {
  const auto page = pages.find(uid / UidSet::page_uids);
  return page != pages.end() && has_bit(page->second.seen, uid);
}

MailboxState* AccountMail::find(MailboxId mailbox) {
  const auto found = boxes.find(mailbox);
  return found == boxes.end() || found->second.row.is_removed() ? nullptr : &found->second;
}

MailboxState* AccountMail::find(std::string_view name) {
  for (auto& [number, box] : boxes) {
    if (!box.row.is_removed() && box.row.name == name) {
      return &box;
    }
  }
  return nullptr;
}

MailError mail_error(KvError error) {
  return mail_error(store_error(error));
}

MailError mail_error(StoreError error) {
  switch (error) {
    case StoreError::not_found:
      return MailError::not_found;
    case StoreError::full:
      return MailError::full;
    case StoreError::corrupt:
      return MailError::corrupt;
    case StoreError::closed:
      return MailError::closed;
    case StoreError::io:
    case StoreError::conflict:
      break;
  }
  return MailError::io;
}

MailResult<void> load_account(const Kv& kv, AccountMail& account) {
  const std::string key = account_key(account.id);
  const auto record = kv.get(Family::mail_account, key, Read::any);
  if (!record) {
    return failure(mail_error(record.error()));
  }
  auto decoded = decode_mail_account(key, *record);
  if (!decoded) {
    return failure(MailError::corrupt);
  }
  account.record = *std::move(decoded);
  account.boxes.clear();
  const auto cursor = kv.walk(Family::mailbox, key, past(key));
  for (; cursor->is_valid(); cursor->next()) {
    auto row = decode_mailbox(cursor->key(), cursor->value());
    if (!row) {
      return failure(MailError::corrupt);
    }
    const MailboxId id = row->id;
    account.boxes[id].row = *std::move(row);
  }
  if (const auto error = cursor->error()) {
    return failure(mail_error(*error));
  }
  return load_access(kv, account);
}

// Only of the few mailboxes that have one.
MailResult<void> load_access(const Kv& kv, AccountMail& account,
                             const std::vector<std::string>& passed_over) {
  const std::string prefix = entry_prefix(account.id, EntryKind::access);
  const auto cursor = kv.walk(Family::mail_entry, prefix, past(prefix));
  for (; cursor->is_valid(); cursor->next()) {
    auto entry = decode_entry(cursor->key(), cursor->value());
    if (!entry && std::ranges::find(passed_over, cursor->key()) != passed_over.end()) {
      continue;
    }
    if (!entry) {
      return failure(MailError::corrupt);
    }
    if (const auto box = account.boxes.find(entry->name.mailbox); box != account.boxes.end()) {
      box->second.row.access = std::move(entry->value);
    }
  }
  if (const auto error = cursor->error()) {
    return failure(mail_error(*error));
  }
  return {};
}

MailResult<MailPage> load_page(const KvReader& kv, MailAccountId account, MailboxId mailbox,
                               std::uint32_t number) {
  const std::string key = page_key(account, mailbox, number);
  const auto record = kv.get(Family::mail_page, key, Read::any);
  if (!record) {
    if (record.error() != KvError::not_found) {
      return failure(mail_error(record.error()));
    }
    MailPage empty;
    empty.messages.number = empty.seen.number = number;
    return empty;
  }
  auto page = decode_page(key, *record);
  if (!page) {
    return failure(MailError::corrupt);
  }
  return *std::move(page);
}

MailResult<std::map<std::uint32_t, MailPage>> load_pages(const Kv& kv, MailAccountId account,
                                                         MailboxId mailbox) {
  std::map<std::uint32_t, MailPage> pages;
  const std::string prefix = mailbox_key(account, mailbox);
  const auto cursor = kv.walk(Family::mail_page, prefix, past(prefix));
  for (; cursor->is_valid(); cursor->next()) {
    auto page = decode_page(cursor->key(), cursor->value());
    if (!page) {
      return failure(MailError::corrupt);
    }
    const std::uint32_t number = page->messages.number;
    pages.emplace(number, *std::move(page));
  }
  if (const auto error = cursor->error()) {
    return failure(mail_error(*error));
  }
  return pages;
}

std::optional<std::string> normal_mailbox_name(std::string_view name) {
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (name.empty() || name.size() > mailbox_name_octets_max || !is_utf8(name) ||
      std::ranges::any_of(name, is_control) || name.front() == '/' || name.back() == '/' ||
      name.contains("//")) {
    return std::nullopt;
  }
  constexpr std::string_view inbox = "INBOX";
  const std::string_view first = name.substr(0, name.find('/'));
  if (equals_ignoring_case(first, inbox)) {
    return std::string(inbox) + std::string(name.substr(first.size()));
  }
  return std::string(name);
}

std::optional<std::vector<std::string>> normal_keywords(std::vector<std::string> keywords) {
  if (keywords.size() > message_keywords_max ||
      std::ranges::any_of(keywords, [](const std::string& keyword) {
        return keyword.empty() || keyword.size() > keyword_octets_max;
      })) {
    return std::nullopt;
  }
  const auto folded = [](const std::string& keyword) { return to_lower(keyword); };
  std::ranges::sort(keywords, {}, folded);
  const auto rest = std::ranges::unique(keywords, {}, folded);
  keywords.erase(rest.begin(), rest.end());
  return keywords;
}

}  // namespace postrider::store
