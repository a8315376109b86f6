#include "store_check.hpp"

#include "account_check.hpp"
#include "account_codec.hpp"
#include "backup.hpp"
#include "record_codec.hpp"
#include "record_seal.hpp"
#include "rocks_kv.hpp"

#include <array>
#include <set>

#include <postrider/base/base64.hpp>
#include <postrider/base/text.hpp>

// Every record of every family, and what one family says of another.
namespace postrider::store {
namespace {

template <auto decode>
bool reads(std::string_view key, std::string_view value) {
  return decode(key, value).has_value();
}

bool reads_body(std::string_view key, std::string_view value) {
  return decode_body(key, std::string(value)).has_value();
}

bool reads_nothing(std::string_view /*key*/, std::string_view /*value*/) {
  return true;
}

using Reads = bool (*)(std::string_view key, std::string_view value);

// In the order of Family. Records of mailboxes are the accounts' affair, where they have one.
constexpr std::array<Reads, family_count> readers{
    reads_body,
    reads<decode_envelope>,
    reads<decode_progress>,
    reads_nothing,  // q.due: all of it is in the key
    reads<decode_attempt>,
    reads<decode_done>,
    reads<decode_word>,  // q.stage
    reads<decode_quarantined>,
    reads<decode_account>,
    reads<decode_domain>,
    reads<decode_alias>,
    reads<decode_word>,  // meta
    reads<decode_word>,  // fact
    reads<decode_account_id>,
    reads_nothing,  // mb.account, and so on: AccountCheck
    reads_nothing,
    reads_nothing,
    reads_nothing,
    reads_nothing,
    reads_nothing,
    reads_nothing,
    reads<decode_frame>,
    reads<decode_word>,  // mb.ref
    reads_nothing,
    reads<decode_arrivals>,
};

class StoreCheck {
 public:
  StoreCheck(const KvReader& kv, const std::function<void(std::string_view)>& tell)
      : kv_(kv), tell_(tell) {}

  BackupReport run() {
    for (std::size_t i = 0; i < family_count; ++i) {
      read_family(static_cast<Family>(i));
    }
    check_queue();
    check_accounts();
    check_references();
    return report_;
  }

 private:
  void add(const std::string& text) {
    ++report_.findings;
    tell_(text);
  }
  static std::string name_of(Family family, std::string_view key) {
    return std::string(family_names[index(family)]) + " " + encode_hex(key);
  }
  bool has(Family family, std::string_view key) const {
    return kv_.get(family, key, Read::any).has_value();
  }
  void end(Family family, const KvCursor& cursor) {
    if (cursor.error()) {
      add(std::string(family_names[index(family)]) +
          ": can't be read to its end: look at the disk");
    }
  }

  void read_family(Family family) {
    const auto cursor = kv_.walk(family, {}, {});
    for (; cursor->is_valid(); cursor->next()) {
      ++report_.records;
      if (!readers[index(family)](cursor->key(), cursor->value())) {
        add(name_of(family, cursor->key()) + ": can't be read");
      }
    }
    end(family, *cursor);
  }

  void check_queue() {
    const auto envelopes = kv_.walk(Family::env, {}, {});
    for (; envelopes->is_valid(); envelopes->next()) {
      const auto id = parse_message_key(envelopes->key());
      const auto facts = decode_envelope_facts(envelopes->key(), envelopes->value());
      ++report_.queued;
      for (std::uint32_t chunk = 0; id && facts && chunk < facts->body_records; ++chunk) {
        if (!has(Family::body, chunk_key(*id, chunk))) {
          add(name_of(Family::body, chunk_key(*id, chunk)) + ": missing, of a queued message");
        }
      }
    }
    // Chunks of what was being received are named by q.stage, and swept at the next start.
    for (const Family family :
         {Family::body, Family::state, Family::due, Family::journal, Family::done}) {
      const auto cursor = kv_.walk(family, {}, {});
      for (; cursor->is_valid(); cursor->next()) {
        const auto due = parse_due_key(cursor->key());
        const auto id = family == Family::due && due ? std::optional(due->delivery.message)
                                                     : parse_message_key(cursor->key());
        const std::string message = id ? message_key(*id) : std::string();
        if (!has(Family::env, message) &&
            !(family == Family::body && has(Family::stage, message))) {
          add(name_of(family, cursor->key()) + ": of a message that is not there");
        }
      }
    }
  }

  void check_accounts() {
    std::set<MailAccountId> accounts;
    for (const Family family : {Family::mail_account, Family::mailbox, Family::mail}) {
      const auto cursor = kv_.walk(family, {}, {});
      while (cursor->is_valid()) {
        const MailAccountId id{parse_be(cursor->key().substr(0, 8))};
        accounts.insert(id);
        cursor->seek(past(account_key(id)));
      }
      end(family, *cursor);
    }
    for (const MailAccountId id : accounts) {
      check_account(id);
    }
    const auto names = kv_.walk(Family::mail_name, {}, {});
    for (; names->is_valid(); names->next()) {
      const auto id = decode_account_id(names->key(), names->value());
      if (id && !accounts.contains(*id)) {
        add("mb.name " + quoted_for_log(names->key()) + ": leads to an account that is not there");
      }
    }
  }

  void check_account(MailAccountId id) {
    AccountCheck check(kv_, id);
    while (check.step()) {
    }
    if (!check.result()) {
      add("account " + std::to_string(static_cast<std::uint64_t>(id)) + ": " +
          std::string(describe(check.result().error())));
      return;
    }
    const AccountReport found = check.report();
    ++report_.accounts;
    report_.messages += found.counted.messages;
    report_.size_bytes += found.counted.size_bytes;
    for (const MailFinding& finding : found.findings) {
      add(describe(found.account, finding));
    }
    report_.findings += found.left_out;
  }

  // The other way round: a reference without a message, a body without a reference.
  void check_references() {
    const auto refs = kv_.walk(Family::blob_ref, {}, {});
    for (; refs->is_valid(); refs->next()) {
      const std::string_view mail = split_ref_key(refs->key()).mail;
      if (!has(Family::mail, mail) &&
          !has(Family::quarantine, quarantine_key(Family::mail, mail))) {
        add(name_of(Family::blob_ref, refs->key()) + ": of a message that is not there");
      }
    }
    std::string last;
    const auto blobs = kv_.walk(Family::blob, {}, {});
    for (; blobs->is_valid(); blobs->next()) {
      const std::string blob(blob_in_frame_key(blobs->key()));
      if (blob == last) {
        continue;
      }
      last = blob;
      if (!is_referenced(blob)) {
        add(name_of(Family::blob, blob) + ": a body that no message has");
      }
    }
    check_names();
  }

  bool is_referenced(const std::string& blob) const {
    return kv_.walk(Family::blob_ref, blob, past(blob))->is_valid();
  }

  // That each body in use has its name here is said with its account.
  void check_names() {
    const auto names = kv_.walk(Family::blob_same, {}, {});
    for (; names->is_valid(); names->next()) {
      const auto last = parse_blob_name(names->key());
      const auto arrivals = decode_arrivals(names->key(), names->value());
      for (const std::uint64_t arrival : arrivals.value_or(Arrivals{})) {
        if (!last || !is_referenced(blob_name({arrival, last->hash}))) {
          add(name_of(Family::blob_same, names->key()) + ": names a body that no message has");
        }
      }
    }
  }

  const KvReader& kv_;
  const std::function<void(std::string_view)>& tell_;
  BackupReport report_;
};

}  // namespace

std::string describe(std::string_view account, const MailFinding& finding) {
  std::string out(account);
  out += finding.mailbox.empty() ? "" : " " + finding.mailbox;
  out += finding.uid == 0 ? "" : ", message " + std::to_string(finding.uid);
  return out + ": " + finding.what + ": " + finding.remedy;
}

BackupReport check_store(const KvReader& kv, const std::function<void(std::string_view)>& tell) {
  return StoreCheck(kv, tell).run();
}

BackupReport check_backup(const std::string& directory,
                          const std::function<void(std::string_view)>& tell) {
  return check_store(*open_rocks_read_only(backup_store(directory)), tell);
}

}  // namespace postrider::store
