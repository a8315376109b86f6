#pragma once

#include "account_mail.hpp"
#include "request.hpp"

#include <map>
#include <memory>
#include <set>
#include <vector>

namespace postrider::store {

// A mailbox remembers so many keywords and no more.
[[nodiscard]] bool has_place_for(const Mailbox& row, const MailFlags& flags);

// Puts one change of an account together: it changes what is in memory and collects what is to be
// written, so that both say the same. Everything that can be refused has been refused before. The
// pages of the UIDs that it touches have been loaded.
class MailDraft {
 public:
  MailDraft(AccountMail& account, WallTime now) : account_(account), now_(now) {}

  [[nodiscard]] Mailbox& create(std::string name, SpecialUse use);
  void give_use(MailboxState& box, SpecialUse use);
  void rename(MailboxState& box, std::string name, bool is_along);
  void remove(MailboxState& box);
  void save_account() { account_touched_ = true; }

  // MailOrigin: the UIDVALIDITY, where the mailbox never had a message, and the UID that the next
  // insert gives, where it may.
  void take_over(MailboxState& box, std::uint32_t uid_validity, Uid uid);
  // In: facts without MODSEQ, saved, and, for a new message, email (0). Out: its UID.
  InsertedMail insert(MailboxState& box, MailFacts facts, const MailDetail& detail);
  // `facts` become the new ones. False: they have these flags already.
  bool set_flags(MailboxState& box, Uid uid, MailFacts& facts, MailFlags flags);
  void expunge(MailboxState& box, Uid uid, const MailFacts& facts);

  // nullopt: it goes. Its mailbox is there.
  void set_entry(const EntryName& entry, std::optional<std::string> value);

  // Of what was expunged: it goes for good, or (`keep_body`) has come back as another.
  void forget(const MailKey& mail, const MailFacts& facts);
  void forget_trash(const TrashKey& trash, ModSeq expunged_at);
  void forget_page(MailboxId mailbox, std::uint32_t page);
  void forget_mailbox(MailboxId mailbox);

  // For repair: whoever brings the same octets in finds this body by them, whole or not.
  void name_body(const BlobId& blob) { named_.push_back(blob); }
  // For repair: the row and these pages are written as they stand in memory.
  void rewrite(MailboxState& box, const std::set<std::uint32_t>& pages);
  // A message that is not counted, and of which nothing is left, is told to have gone.
  void vanish(MailboxState& box, Uid uid);

  // The MODSEQ of this change; 0: nothing changed that has one.
  [[nodiscard]] ModSeq modseq() const { return modseq_; }
  [[nodiscard]] Batch& batch() { return batch_; }

  using Updates = std::vector<std::shared_ptr<const MailboxUpdate>>;
  struct Finished {
    MailWork work;  // without bodies and settlement
    Updates updates;
  };
  [[nodiscard]] Finished finish();

 private:
  struct Touched {
    std::set<std::uint32_t> pages;
    std::shared_ptr<MailboxUpdate> update;
  };
  MailboxUpdate& touch(MailboxState& box);
  MailboxUpdate& update_of(MailboxState& box);
  void touch_page(MailboxState& box, Uid uid);
  void learn_keywords(Mailbox& row, const MailFlags& flags);
  void count(MailboxState& box, const MailFacts& facts, bool in);

  AccountMail& account_;
  WallTime now_;
  ModSeq modseq_ = 0;
  Batch batch_;
  std::map<MailboxId, Touched> touched_;
  std::vector<BlobId> named_;
  std::vector<BlobId> released_;
  bool account_touched_ = false;
};

}  // namespace postrider::store
