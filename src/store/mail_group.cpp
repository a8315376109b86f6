#include "group_builder.hpp"
#include "mail_codec.hpp"

#include <postrider/base/kill_point.hpp>

// Changes of mailboxes in a group. Bodies are shared between accounts, and so between cores:
// whether one is there already, and whether anybody still refers to it, is decided here, by the one
// writer.
namespace postrider::store {
namespace {

std::string name_of(const BlobId& blob) {
  return {blob.begin(), blob.end()};
}

}  // namespace

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
      const std::string name = op.key.substr(0, BlobId{}.size());
      bodies_kept_.erase(name);
      bodies_dropped_.insert(name);
    } else if (op.family == Family::blob_ref && op.kind == Batch::Kind::remove) {
      refs_dropped_.insert(op.key);
    } else if (op.family == Family::blob_ref) {
      refs_dropped_.erase(op.key);
      bodies_kept_.insert(op.key.substr(0, BlobId{}.size()));
    }
  }
  tally_.bytes += work.batch.bytes();
  batch_.append(std::move(work.batch));
  release_bodies(work.released);
  needs_sync_ = true;
  return {};
}

void GroupBuilder::keep_bodies(const std::vector<MailWork::Body>& bodies) {
  for (const MailWork::Body& body : bodies) {
    const std::string name = name_of(body.id);
    const bool was_dropped = bodies_dropped_.erase(name) > 0;
    if (!was_dropped &&
        (bodies_kept_.contains(name) || holds(Family::blob, blob_key(body.id, 0)))) {
      continue;
    }
    kill_point("mailbox.body_kept");
    for (std::uint32_t frame = 0; frame < body.frames->size(); ++frame) {
      batch_.put(Family::blob, blob_key(body.id, frame), (*body.frames)[frame]);
    }
  }
}

void GroupBuilder::release_bodies(const std::vector<BlobId>& bodies) {
  for (const BlobId& body : bodies) {
    const std::string name = name_of(body);
    if (bodies_kept_.contains(name) || is_referenced(name)) {
      continue;
    }
    for (auto frame = kv_.walk(Family::blob, name, past(name)); frame->is_valid(); frame->next()) {
      batch_.remove(Family::blob, std::string(frame->key()));
    }
    bodies_dropped_.insert(name);
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
