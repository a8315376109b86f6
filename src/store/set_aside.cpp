#include "group_builder.hpp"

#include <postrider/base/kill_point.hpp>

// Quarantine: a message of which one record can't be read is moved aside whole, each record under
// its family and key, so that repair can put it back. The envelope goes last: until then the next
// start finds the message unreadable again and ends what a crash interrupted.
namespace postrider::store {
namespace {

constexpr std::string_view companion_reason = "set aside with another record of its message";

}  // namespace

StoreError GroupBuilder::unreadable(MessageId id, Family family, const std::string& key,
                                    std::string_view reason) {
  SetAsideWork work{id, family, key, std::string(reason)};
  (void)apply(work);  // it always can: what it can't write fails with the group
  return StoreError::corrupt;
}

StoreResult<void> GroupBuilder::apply(SetAsideWork& work) {
  recent_.forget(work.id);
  see(work.id);
  const auto found = kv_.get(work.family, work.key, Read::any);
  const std::string envelope_key = message_key(work.id);
  if (!found && found.error() == KvError::not_found && !holds(Family::env, envelope_key)) {
    return {};  // somebody was faster, or it has ended
  }
  needs_sync_ = true;
  set_aside_ = std::make_unique<SetAside>(SetAside{work.id, nullptr, work.reason});
  kill_point("store.quarantine.begin");
  if (found) {
    if (work.family != Family::env) {
      move_aside(work.family, work.key, *found, work.reason);
      write_part();  // what follows must not move it a second time
    }
  } else {
    // There is nothing to move, but the operator hears of it.
    const std::string key = quarantine_key(work.family, work.key);
    batch_.put(Family::quarantine, key, encode_quarantined(key, {work.reason, {}}));
    if (found.error() != KvError::not_found) {
      return {};  // the medium does not give it back now; it may, once the disk is repaired
    }
  }
  forget_due(work.id);
  for (const Family family : {Family::body, Family::state, Family::done}) {
    move_all_aside(family, work.id, companion_reason);
    kill_point("store.quarantine.family_moved");
  }
  for (auto cursor = kv_.walk(Family::journal, envelope_key, past_message(work.id));
       cursor->is_valid(); cursor->next()) {
    batch_.remove_once(Family::journal, std::string(cursor->key()));
  }
  if (const auto envelope = kv_.get(Family::env, envelope_key, Read::any)) {
    move_aside(Family::env, envelope_key, *envelope,
               work.family == Family::env ? std::string_view(work.reason) : companion_reason);
    if (auto readable = decode_envelope(envelope_key, *envelope)) {
      set_aside_->envelope = std::make_shared<const Envelope>(*std::move(readable));
    }
    ++tally_.ended;
  }
  touched_.insert(work.id);
  kill_point("store.quarantine.end");
  return {};
}

void GroupBuilder::move_all_aside(Family family, MessageId id, std::string_view reason) {
  for (auto cursor = kv_.walk(family, message_key(id), past_message(id)); cursor->is_valid();
       cursor->next()) {
    move_aside(family, std::string(cursor->key()), cursor->value(), reason);
    if (batch_.bytes() > part_bytes_) {
      write_part();
    }
  }
}

void GroupBuilder::move_aside(Family family, const std::string& key, std::string_view value,
                              std::string_view reason) {
  std::string aside = quarantine_key(family, key);
  std::string record = encode_quarantined(aside, {std::string(reason), std::string(value)});
  batch_.put(Family::quarantine, std::move(aside), std::move(record));
  if (is_written_once(family)) {
    batch_.remove_once(family, key);
  } else {
    batch_.remove(family, key);
  }
}

// The due entries of those states that can be read; others are dropped when their time comes and no
// state stands behind them.
void GroupBuilder::forget_due(MessageId id) {
  for (auto cursor = kv_.walk(Family::state, message_key(id), past_message(id)); cursor->is_valid();
       cursor->next()) {
    const auto delivery = parse_delivery_key(cursor->key());
    const auto progress = decode_progress(cursor->key(), cursor->value());
    if (delivery && progress && !progress->held) {
      batch_.remove(Family::due, due_key(progress->next_due, *delivery));
    }
  }
}

}  // namespace postrider::store
