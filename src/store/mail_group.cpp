#include "group_builder.hpp"
#include "mail_body.hpp"
#include "mail_codec.hpp"

#include <algorithm>

#include <postrider/base/kill_point.hpp>

// Changes of mailboxes in a group. Bodies are shared between accounts, and so between cores:
// whether one is there already, and whether anybody still refers to it, is decided here, by the one
// writer.
namespace postrider::store {
StoreResult<void> GroupBuilder::apply(MailWork& work) {
  if (work.settle) {
    // If the entry has ended meanwhile (an operator removed it), or can't be read and is set aside,
    // the mail is kept all the same: its account has counted it.
    work.settle->is_void |= !apply(*work.settle).has_value();
  }
  keep_bodies(work.bodies);
  kill_point("mailbox.in_group");
  for (const Batch::Op& op : work.batch.ops()) {
    if (op.family == Family::blob && op.kind == Batch::Kind::remove) {
      // Repair takes a damaged body apart: whoever brings it in again writes all of it.
      const std::string name(blob_in_frame_key(op.key));
      bodies_kept_.erase(name);
      bodies_dropped_.insert(name);
    } else if (op.family == Family::blob_ref && op.kind == Batch::Kind::remove) {
      refs_dropped_.insert(op.key);
    } else if (op.family == Family::blob_ref) {
      refs_dropped_.erase(op.key);
      bodies_kept_.insert(std::string(split_ref_key(op.key).blob));
    }
  }
  tally_.bytes += work.batch.bytes();
  batch_.append(std::move(work.batch));
  for (const BlobId& body : work.named) {
    name_body(body);
  }
  release_bodies(work.released);
  needs_sync_ = true;
  return {};
}

void GroupBuilder::keep_bodies(const std::vector<std::shared_ptr<const MailBody>>& bodies) {
  for (const auto& body : bodies) {
    const std::string name = blob_name(body->id);
    const bool was_dropped = bodies_dropped_.erase(name) > 0;
    if (!was_dropped && body->may_stand &&
        (bodies_kept_.contains(name) || holds(Family::blob, blob_key(body->id, 0)))) {
      continue;
    }
    kill_point("mailbox.body_kept");
    for (std::uint32_t frame = 0; frame < body->frames.size(); ++frame) {
      batch_.put(Family::blob, blob_key(body->id, frame), body->frames[frame]);
    }
    name_body(body->id);
    body->may_stand = true;
  }
}

void GroupBuilder::release_bodies(const std::vector<BlobId>& bodies) {
  for (const BlobId& body : bodies) {
    const std::string name = blob_name(body);
    if (bodies_kept_.contains(name) || is_referenced(name)) {
      continue;
    }
    for (auto frame = kv_.walk(Family::blob, name, past(name)); frame->is_valid(); frame->next()) {
      batch_.remove(Family::blob, std::string(frame->key()));
    }
    unname_body(body);
    bodies_dropped_.insert(name);
  }
}

// A record that can't be read counts as none: it is written anew with the first body that comes.
Arrivals& GroupBuilder::arrivals_of(const BlobHash& hash) {
  const std::string key = same_key(hash);
  const auto [known, is_new] = same_.try_emplace(key);
  Arrivals& arrivals = known.value();
  if (is_new) {
    if (const auto record = kv_.get(Family::blob_same, key, Read::any)) {
      arrivals = decode_arrivals(key, *record).value_or(Arrivals{});
    }
  }
  return arrivals;
}

void GroupBuilder::name_body(const BlobId& body) {
  Arrivals& arrivals = arrivals_of(body.hash);
  if (std::ranges::find(arrivals, body.arrival) != arrivals.end()) {
    return;
  }
  arrivals.push_back(body.arrival);
  std::string key = same_key(body.hash);
  std::string record = encode_arrivals(key, arrivals);
  batch_.put(Family::blob_same, std::move(key), std::move(record));
}

void GroupBuilder::unname_body(const BlobId& body) {
  Arrivals& arrivals = arrivals_of(body.hash);
  if (std::erase(arrivals, body.arrival) == 0) {
    return;
  }
  std::string key = same_key(body.hash);
  if (arrivals.empty()) {
    batch_.remove(Family::blob_same, std::move(key));
  } else {
    std::string record = encode_arrivals(key, arrivals);
    batch_.put(Family::blob_same, std::move(key), std::move(record));
  }
}

bool GroupBuilder::is_referenced(const std::string& blob) const {
  for (auto ref = kv_.walk(Family::blob_ref, blob, past(blob)); ref->is_valid(); ref->next()) {
    if (!refs_dropped_.contains(std::string(ref->key()))) {
      return true;
    }
  }
  return false;
}

}  // namespace postrider::store
