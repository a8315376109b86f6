#include "junk_lessons.hpp"

#include <utility>

#include <postrider/flow/junk_trainer.hpp>

namespace postrider::imap {

void note_sorted(Client& client, store::SpecialUse from, const FoundMailbox& target,
                 std::vector<store::Uid> uids) {
  flow::JunkTrainer* trainer = client.shared.doors.trainer;
  const auto kind = flow::lesson_of(from, target.row.special_use);
  if (trainer == nullptr || !kind) {
    return;
  }
  trainer->learn({.kind = *kind,
                  .account = target.place.account,
                  .account_name = client.session->identity(),
                  .mailbox = target.row.id,
                  .uids = std::move(uids)});
}

}  // namespace postrider::imap
