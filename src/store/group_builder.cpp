#include "group_builder.hpp"

#include <postrider/base/kill_point.hpp>

namespace postrider::store {

struct GroupBuilder::Standing {
  EnvelopeFacts facts;
  DoneSet done;            // empty for a message of one delivery
  bool has_ended = false;  // this delivery, or the whole message
  bool has_done_record = false;
  bool has_state = false;
  bool has_journal = false;
  std::optional<std::string> due_key;  // its entry in q.due
};

StoreResult<void> GroupBuilder::add(Request& request) {
  auto result = std::visit([this](auto& work) { return apply(work); }, request.work);
  request.set_aside = std::move(set_aside_);
  return result;
}

StoreResult<void> GroupBuilder::apply(CommitWork& work) {
  const MessageId id = work.envelope->id;
  touched_.insert(id);
  const std::uint64_t before = batch_.bytes();
  std::string key = message_key(id);
  if (work.has_stage) {
    kill_point("store.commit.staged");
    batch_.remove_once(Family::stage, key);
  }
  batch_.put(Family::env, std::move(key), work.envelope_record);
  batch_.put(Family::body, chunk_key(id, 0), work.octets, work.seal);
  for (std::uint32_t number = 0; number < work.begun.size(); ++number) {
    batch_.put(Family::journal, delivery_key({id, number}), std::move(work.begun[number]));
  }
  for (auto& [fact, record] : work.facts) {
    batch_.put(Family::fact, std::move(fact), std::move(record));
  }
  recent_.add(*work.envelope, !work.begun.empty());
  needs_sync_ = true;
  ++tally_.committed;
  tally_.bytes += batch_.bytes() - before;
  return {};
}

StoreResult<void> GroupBuilder::apply(AppendWork& work) {
  touched_.insert(work.id);
  if (work.chunk == 1) {
    // In the log before the first chunk: whatever a crash leaves of a staged message, its marker is
    // there to find it by.
    std::string key = message_key(work.id);
    std::string record = encode_word(key, {});
    batch_.put(Family::stage, std::move(key), std::move(record));
  }
  batch_.put(Family::body, chunk_key(work.id, work.chunk), work.octets, work.seal);
  return {};
}

StoreResult<void> GroupBuilder::apply(AbandonWork& work) {
  see(work.id);
  const std::string key = message_key(work.id);
  if (!holds(Family::stage, key)) {
    return {};
  }
  kill_point("store.sweep.before_delete");
  // An envelope and a marker never stand side by side; if they do, it is not for us to delete.
  if (!holds(Family::env, key)) {
    for (auto cursor = kv_.walk(Family::body, key, past_message(work.id)); cursor->is_valid();
         cursor->next()) {
      batch_.remove_once(Family::body, std::string(cursor->key()));
    }
  }
  batch_.remove_once(Family::stage, key);
  touched_.insert(work.id);
  kill_point("store.sweep.deleted");
  return {};
}

StoreResult<void> GroupBuilder::apply(AttemptWork& work) {
  std::string key = delivery_key(work.delivery);
  if (RecentMessages::Message* known = recent_.find(work.delivery.message)) {
    const std::uint32_t number = work.delivery.number;
    if (number >= known->facts.deliveries || known->done.contains(number)) {
      return failure(StoreError::not_found);
    }
    if (known->has_begun(number)) {
      batch_.remove_once(Family::journal, key);
    } else {
      known->begun.push_back(number);
    }
  } else if (const auto read = read_attempt(work.delivery, key); !read) {
    return read;
  }
  batch_.put(Family::journal, std::move(key), work.record);
  touched_.insert(work.delivery.message);
  needs_sync_ = true;
  kill_point("store.begin_attempt.in_group");
  return {};
}

// Makes room for the journal's entry of a delivery that the store has to be asked about.
StoreResult<void> GroupBuilder::read_attempt(DeliveryId delivery, const std::string& key) {
  see(delivery.message);
  const std::string message = message_key(delivery.message);
  if (!holds(Family::env, message)) {
    return failure(StoreError::not_found);
  }
  if (const auto record = kv_.get(Family::done, message, Read::any)) {
    if (const auto done = decode_done(message, *record); done && done->contains(delivery.number)) {
      return failure(StoreError::not_found);
    }
  }
  if (holds(Family::journal, key)) {
    kill_point("store.begin_attempt.again");
    batch_.remove_once(Family::journal, key);
  }
  return {};
}

StoreResult<void> GroupBuilder::apply(SyncWork&) {
  needs_sync_ = true;
  return {};
}

StoreResult<GroupBuilder::Standing> GroupBuilder::find_standing(DeliveryId delivery) {
  const RecentMessages::Message* known = recent_.find(delivery.message);
  if (known == nullptr) {
    see(delivery.message);
    return read_standing(delivery);
  }
  if (delivery.number >= known->facts.deliveries) {
    return failure(StoreError::not_found);
  }
  Standing standing;
  standing.facts = known->facts;
  standing.done = known->done;
  standing.has_done_record = known->has_done_record;
  standing.has_ended = known->done.contains(delivery.number);
  standing.has_journal = known->has_begun(delivery.number);
  return standing;
}

StoreResult<GroupBuilder::Standing> GroupBuilder::read_standing(DeliveryId delivery) {
  Standing standing;
  const std::string key = message_key(delivery.message);
  const auto envelope = kv_.get(Family::env, key, Read::any);
  if (!envelope) {
    if (envelope.error() != KvError::not_found) {
      return failure(unreadable(delivery.message, Family::env, key, "the medium can't be read"));
    }
    standing.has_ended = true;
    return standing;
  }
  const auto facts = decode_envelope_facts(key, *envelope);
  if (!facts) {
    return failure(unreadable(delivery.message, Family::env, key, describe(facts.error())));
  }
  standing.facts = *facts;
  if (delivery.number >= facts->deliveries) {
    return failure(StoreError::not_found);
  }
  if (facts->deliveries > 1) {
    if (const auto done = kv_.get(Family::done, key, Read::any)) {
      const auto set = decode_done(key, *done);
      if (!set) {
        return failure(unreadable(delivery.message, Family::done, key, describe(set.error())));
      }
      standing.done = *set;
      standing.has_done_record = true;
    }
  }
  standing.has_ended = standing.done.contains(delivery.number);
  const std::string delivery_id = delivery_key(delivery);
  if (const auto state = kv_.get(Family::state, delivery_id, Read::any)) {
    const auto progress = decode_progress(delivery_id, *state);
    if (!progress) {
      return failure(
          unreadable(delivery.message, Family::state, delivery_id, describe(progress.error())));
    }
    standing.has_state = true;
    if (!progress->held) {
      standing.due_key = due_key(progress->next_due, delivery);
    }
  }
  standing.has_journal = holds(Family::journal, delivery_id);
  return standing;
}

StoreResult<void> GroupBuilder::apply(SettleWork& work) {
  const MessageId id = work.delivery.message;
  auto standing = find_standing(work.delivery);
  if (!standing) {
    return failure(standing.error());
  }
  if (standing->has_ended) {
    work.is_void = true;
    return {};
  }
  if (standing->has_journal) {
    batch_.remove_once(Family::journal, delivery_key(work.delivery));
  }
  if (work.kept) {
    keep(work, *standing);
  } else {
    end(work, *standing);
  }
  touched_.insert(id);
  ++tally_.settled;
  if (work.report) {
    kill_point("store.settle.with_report");
    return apply(*work.report);
  }
  return {};
}

void GroupBuilder::keep(const SettleWork& work, const Standing& standing) {
  std::optional<std::string> due;
  if (work.kept->due) {
    due = due_key(*work.kept->due, work.delivery);
  }
  if (standing.due_key && standing.due_key != due) {
    batch_.remove(Family::due, *standing.due_key);
  }
  if (due && standing.due_key != due) {
    batch_.put(Family::due, *due, {});
  }
  batch_.put(Family::state, delivery_key(work.delivery), work.kept->record);
  recent_.forget(work.delivery.message);
  kill_point("store.settle.kept");
}

void GroupBuilder::end(const SettleWork& work, Standing& standing) {
  if (standing.has_state) {
    batch_.remove(Family::state, delivery_key(work.delivery));
  }
  if (standing.due_key) {
    batch_.remove(Family::due, *standing.due_key);
  }
  const MessageId id = work.delivery.message;
  standing.done.insert(work.delivery.number);
  if (standing.done.count() >= standing.facts.deliveries) {
    end_message(id, standing);
    return;
  }
  batch_.put(Family::done, message_key(id), encode_done(id, standing.done));
  if (RecentMessages::Message* known = recent_.find(id)) {
    known->done = standing.done;
    known->has_done_record = true;
    std::erase(known->begun, work.delivery.number);
  }
  kill_point("store.settle.some_ended");
}

void GroupBuilder::end_message(MessageId id, const Standing& standing) {
  const std::string key = message_key(id);
  if (standing.has_done_record) {
    batch_.remove(Family::done, key);
  }
  for (std::uint32_t chunk = 0; chunk < standing.facts.body_records; ++chunk) {
    batch_.remove_once(Family::body, chunk_key(id, chunk));
  }
  batch_.remove_once(Family::env, key);
  recent_.forget(id);
  ++tally_.ended;
  kill_point("store.settle.all_ended");
}

StoreResult<void> GroupBuilder::apply(DropDueWork& work) {
  const auto due = parse_due_key(work.key);
  if (!due) {
    batch_.remove(Family::due, work.key);
    return {};
  }
  see(due->delivery.message);
  // The state may have been written since the reader looked.
  if (!holds(Family::state, delivery_key(due->delivery))) {
    batch_.remove(Family::due, work.key);
  }
  return {};
}

StoreResult<void> GroupBuilder::apply(SaveNameWork& work) {
  if (std::exchange(names_touched_, true)) {
    write_part();
  }
  const auto old = kv_.get(work.family, work.key, Read::any);
  if (work.expect_new && old) {
    return failure(StoreError::conflict);
  }
  if (!work.expect_new && !old && old.error() == KvError::not_found) {
    return failure(StoreError::not_found);
  }
  batch_.put(work.family, work.key, work.record);
  needs_sync_ = true;
  kill_point("store.account.save");
  return {};
}

StoreResult<void> GroupBuilder::apply(RemoveNameWork& work) {
  if (std::exchange(names_touched_, true)) {
    write_part();
  }
  if (!holds(work.family, work.key)) {
    return failure(StoreError::not_found);
  }
  batch_.remove(work.family, work.key);
  needs_sync_ = true;
  kill_point("store.account.remove");
  return {};
}

StoreResult<void> GroupBuilder::apply(ChangeFactsWork& work) {
  for (auto& [key, record] : work.put) {
    batch_.put(Family::fact, std::move(key), std::move(record));
  }
  for (std::string& key : work.remove) {
    batch_.remove(Family::fact, std::move(key));
  }
  needs_sync_ = true;
  return {};
}

void GroupBuilder::see(MessageId id) {
  if (touched_.contains(id)) {
    write_part();
  }
}

void GroupBuilder::write_part() {
  if (batch_.is_empty() || broken_) {
    return;
  }
  broken_ = !kv_.write(batch_, false).has_value();
  split_ = true;
  batch_.clear();
  touched_.clear();
  bodies_kept_.clear();
  bodies_dropped_.clear();
  refs_dropped_.clear();
  same_.clear();
}

bool GroupBuilder::holds(Family family, const std::string& key) const {
  const auto found = kv_.get(family, key, Read::any);
  return found.has_value() || found.error() != KvError::not_found;
}

}  // namespace postrider::store
