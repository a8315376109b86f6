#include "account_mail.hpp"
#include "backup.hpp"
#include "rocks_kv.hpp"

#include <filesystem>

#include <postrider/base/text.hpp>
#include <postrider/store/backup_reader.hpp>

namespace postrider::store {

std::string backup_store(const std::string& directory) {
  const auto inside = std::filesystem::path(directory) / backup_store_name;
  return std::filesystem::is_directory(inside) ? inside.string() : directory;
}

namespace {

class StoreReader final : public BackupReader {
 public:
  explicit StoreReader(const std::string& directory)
      : kv_(open_rocks_read_only(backup_store(directory))) {}

  bool find_account(std::string_view name) override {
    const std::string key = to_lower(name);
    const auto record = kv_->get(Family::mail_name, key, Read::any);
    const auto id = record ? decode_account_id(key, *record)
                           : RecordResult<MailAccountId>(failure(RecordError{}));
    account_ = id.value_or(MailAccountId::none);
    return id.has_value();
  }

  std::vector<Mailbox> mailboxes() override {
    std::vector<Mailbox> out;
    const std::string prefix = account_key(account_);
    const auto cursor = kv_->walk(Family::mailbox, prefix, past(prefix));
    for (; cursor->is_valid(); cursor->next()) {
      auto row = decode_mailbox(cursor->key(), cursor->value());
      if (row && !row->is_removed()) {
        out.push_back(*std::move(row));
      }
    }
    return out;
  }

  std::optional<Mail> next(MailboxId mailbox, Uid after) override {
    if (after == ~Uid{0}) {
      return std::nullopt;
    }
    const std::string prefix = mailbox_key(account_, mailbox);
    const auto cursor =
        kv_->walk(Family::mail, mail_key({account_, mailbox, after + 1}), past(prefix));
    for (; cursor->is_valid(); cursor->next()) {
      const auto key = parse_mail_key(cursor->key());
      if (!key || !is_listed(*key)) {
        continue;
      }
      Mail mail{.uid = key->uid};
      if (auto facts = decode_facts(cursor->key(), cursor->value())) {
        mail.facts = *std::move(facts);
        read_octets(*key, mail);
      } else {
        mail.problem = "its record can't be read";
      }
      return mail;
    }
    return std::nullopt;
  }

 private:
  // If the index can't be read, all that has not been purged counts: more is better than less.
  bool is_listed(const MailKey& mail) {
    const std::uint32_t number = mail.uid / UidSet::page_uids;
    if (!page_ || page_mailbox_ != mail.mailbox || page_->messages.number != number) {
      auto page = load_page(*kv_, account_, mail.mailbox, number);
      page_mailbox_ = mail.mailbox;
      is_page_sound_ = page.has_value();
      page_ = page.value_or(MailPage{});
      page_->messages.number = number;
    }
    const std::uint32_t at = mail.uid % UidSet::page_uids;
    return !is_page_sound_ || (page_->messages.bits[at / 64] >> (at % 64) & 1) != 0;
  }

  void read_octets(const MailKey& key, Mail& mail) {
    const std::string name = mail_key(key);
    const auto record = kv_->get(Family::mail_detail, name, Read::any);
    const auto detail =
        record ? decode_detail(name, *record) : RecordResult<MailDetail>(failure(RecordError{}));
    if (!detail || detail->trace.size() != mail.facts.trace_bytes) {
      mail.problem = "what stands in front of its body can't be read";
      return;
    }
    mail.octets = detail->trace;
    for (std::uint32_t frame = 0; mail.octets.size() < mail.facts.size_bytes(); ++frame) {
      const std::string at = blob_key(mail.facts.blob, frame);
      const auto stored = kv_->get(Family::blob, at, Read::any);
      const auto piece =
          stored ? decode_frame(at, *stored) : RecordResult<BlobFrame>(failure(RecordError{}));
      if (!piece || piece->octets.empty()) {
        mail.problem = "its body can't be read";
        return;
      }
      mail.octets += piece->octets;
    }
  }

  std::unique_ptr<const KvReader> kv_;
  MailAccountId account_{};
  std::optional<MailPage> page_;
  MailboxId page_mailbox_{};
  bool is_page_sound_ = true;
};

}  // namespace

std::unique_ptr<BackupReader> BackupReader::open(const std::string& directory) {
  return std::make_unique<StoreReader>(directory);
}

}  // namespace postrider::store
