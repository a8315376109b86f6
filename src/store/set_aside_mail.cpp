#include "set_aside_mail.hpp"

#include "account_mail.hpp"

#include <algorithm>

namespace postrider::store {
namespace {

// A record that may be missing.
MailResult<std::optional<std::string>> read(const KvReader& kv, Family family,
                                            const std::string& key) {
  auto record = kv.get(family, key, Read::any);
  if (!record && record.error() == KvError::not_found) {
    return std::nullopt;
  }
  if (!record) {
    return failure(mail_error(record.error()));
  }
  return std::optional(*std::move(record));
}

// As it was found, if it stands in the quarantine.
MailResult<std::optional<Quarantined>> read_aside(const KvReader& kv, const std::string& key) {
  const auto record = read(kv, Family::quarantine, key);
  if (!record) {
    return failure(record.error());
  }
  auto kept = *record ? decode_quarantined(key, **record)
                      : RecordResult<Quarantined>(failure(RecordError{}));
  return kept ? std::optional(*std::move(kept)) : std::nullopt;
}

std::optional<std::uint64_t> octets_of(const std::string& key, const std::string& record,
                                       std::uint64_t body_bytes) {
  const auto frame = decode_frame(key, record);
  if (!frame || frame->body_bytes != body_bytes || (body_bytes > 0 && frame->octets.empty())) {
    return std::nullopt;
  }
  return frame->octets.size();
}

// Each frame as it stands, else as it was set aside.
MailResult<void> look_at_body(const KvReader& kv, SetAsideMail& out) {
  const std::uint64_t all = out.facts.body_bytes;
  std::uint64_t found = 0;
  for (std::uint32_t number = 0; found < all || number == 0; ++number) {
    const std::string key = blob_key(out.facts.blob, number);
    const auto record = read(kv, Family::blob, key);
    if (!record) {
      return failure(record.error());
    }
    auto octets = *record ? octets_of(key, **record, all) : std::nullopt;
    if (!octets) {
      const auto aside = read_aside(kv, quarantine_key(Family::blob, key));
      if (!aside) {
        return failure(aside.error());
      }
      octets = *aside ? octets_of(key, (*aside)->value, all) : std::nullopt;
      if (octets) {
        out.frames.emplace_back(key, (*aside)->value);
      }
    }
    if (!octets) {
      out.problem = "its body can't be read";
      return {};
    }
    found += *octets;
  }
  if (found != all) {
    out.problem = "its body has another length";
  }
  return {};
}

// What was set aside of the body is of no more use to anybody once the body is whole.
MailResult<void> find_frames_aside(const KvReader& kv, SetAsideMail& out) {
  const std::string prefix = quarantine_key(Family::blob, blob_name(out.facts.blob));
  const auto cursor = kv.walk(Family::quarantine, prefix, past(prefix));
  for (; cursor->is_valid(); cursor->next()) {
    out.aside.emplace_back(cursor->key());
  }
  if (const auto error = cursor->error()) {
    return failure(mail_error(*error));
  }
  return {};
}

MailResult<void> look_at_detail(const KvReader& kv, SetAsideMail& out) {
  const std::string key = mail_key(out.mail);
  const std::string aside_key = quarantine_key(Family::mail_detail, key);
  const auto aside = read_aside(kv, aside_key);
  if (!aside) {
    return failure(aside.error());
  }
  if (*aside) {
    out.aside.push_back(aside_key);
    out.detail = decode_detail(key, (*aside)->value).value_or(MailDetail{});
  }
  if (out.detail.trace.size() != out.facts.trace_bytes) {
    out.detail = {};
    out.facts.trace_bytes = 0;
  }
  return {};
}

}  // namespace

MailResult<std::vector<std::string>> list_set_aside(const KvReader& kv, MailAccountId account,
                                                    const std::string& after, std::size_t limit) {
  const std::string prefix = quarantine_key(Family::mail, account_key(account));
  const auto cursor =
      kv.walk(Family::quarantine, after.empty() ? prefix : after + '\0', past(prefix));
  std::vector<std::string> found;
  for (; cursor->is_valid() && found.size() < limit; cursor->next()) {
    found.emplace_back(cursor->key());
  }
  if (const auto error = cursor->error()) {
    return failure(mail_error(*error));
  }
  return found;
}

MailResult<std::optional<SetAsideMail>> look_at_set_aside(const KvReader& kv,
                                                          const std::string& key) {
  const auto there = read(kv, Family::quarantine, key);
  if (!there) {
    return failure(there.error());
  }
  const std::string original = key.substr(family_octets);
  const auto mail = parse_mail_key(original);
  if (!*there || !mail) {
    return std::nullopt;
  }
  SetAsideMail out{
      .mail = *mail, .facts = {}, .detail = {}, .frames = {}, .aside = {key}, .problem = {}};
  const auto kept = decode_quarantined(key, **there);
  auto facts =
      kept ? decode_facts(original, kept->value) : RecordResult<MailFacts>(failure(kept.error()));
  if (!facts) {
    out.problem = "its record can't be read (" + std::string(describe(facts.error())) + ")";
    return std::optional(std::move(out));
  }
  out.facts = *std::move(facts);
  out.was_expunged = kept->reason.ends_with(expunged_mark);
  for (const auto look : {look_at_detail, look_at_body, find_frames_aside}) {
    if (const auto looked = look(kv, out); !looked) {
      return failure(looked.error());
    }
  }
  return std::optional(std::move(out));
}

}  // namespace postrider::store
