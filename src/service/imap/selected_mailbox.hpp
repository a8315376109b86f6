#pragma once

#include "shared_mailbox.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <postrider/codec/imap/access_list.hpp>
#include <postrider/codec/imap/flags.hpp>
#include <postrider/codec/imap/sequence_set.hpp>
#include <postrider/codec/imap/server_session.hpp>

namespace postrider::imap {

// The store's flags as the protocol has them, and back.
[[nodiscard]] Flags to_flags(const store::MailFlags& flags);
[[nodiscard]] store::MailFlags to_mail_flags(const Flags& flags);

// A message as one client counts it.
struct NumberedUid {
  std::uint32_t number = 0;
  store::Uid uid = 0;
};

// Goes through messages in ascending order. It keeps the numbering that it began with.
class MessageCursor {
 public:
  MessageCursor(SharedMailbox::Uids uids, std::vector<NumberRun> numbers)
      : uids_(std::move(uids)), runs_(std::move(numbers)) {}
  // At most so many of those that come next; empty: that was all.
  [[nodiscard]] std::vector<NumberedUid> take(std::size_t count);
  // How many there are in all, taken or not.
  [[nodiscard]] std::uint32_t size() const;

 private:
  SharedMailbox::Uids uids_;
  std::vector<NumberRun> runs_;
  std::size_t run_ = 0;
  NumberedUid last_;  // taken; number 0: none of this run
};

// What one client has open, as far as it has been told: its message numbers stay what they are
// until tell() says that they have changed (RFC 9051 7.5.1).
class SelectedMailbox {
 public:
  // What the client sees beside the mailbox itself.
  struct Manner {
    bool examined = false;  // EXAMINE: nothing is changed, whatever its rights
    std::string name;       // as the client knows it
    std::string owner;      // the name of the account whose it is
    std::string user;       // the client's
    store::MailAccountId user_account = store::MailAccountId::none;
    Rights rights = Rights::all();
    store::Uid recent_from = 0;  // none below it is recent
  };
  SelectedMailbox(SharedMailboxRef shared, Manner manner, ChangeListener& listener);
  SelectedMailbox(const SelectedMailbox&) = delete;
  SelectedMailbox& operator=(const SelectedMailbox&) = delete;
  ~SelectedMailbox();

  [[nodiscard]] SharedMailbox& shared() { return *shared_; }
  [[nodiscard]] const SharedMailbox& shared() const { return *shared_; }
  [[nodiscard]] store::MailAccountId account() const { return shared_->account(); }
  [[nodiscard]] store::MailboxId id() const { return shared_->id(); }
  [[nodiscard]] bool is(store::MailAccountId account, store::MailboxId mailbox) const {
    return shared_->account() == account && shared_->id() == mailbox;
  }
  [[nodiscard]] const Manner& manner() const { return manner_; }
  // What may be done here: nothing that changes anything after EXAMINE.
  [[nodiscard]] Rights rights() const;
  [[nodiscard]] bool is_read_only() const;
  // Whether the rights have changed since they were told; then they are the new ones.
  [[nodiscard]] bool take_rights();
  [[nodiscard]] const SharedMailbox::Uids& uids() const { return uids_; }
  [[nodiscard]] std::uint32_t count() const { return uids_->size(); }

  // Message numbers of those that a set means: ascending runs. UIDs that are not there are passed
  // over. nullopt: a message number that there is not (RFC 9051 9: BAD).
  [[nodiscard]] std::optional<std::vector<NumberRun>> find(const SequenceSet& set, bool uid) const;
  [[nodiscard]] MessageCursor cursor(std::vector<NumberRun> numbers) const {
    return {uids_, std::move(numbers)};
  }
  // The number of one that there is.
  [[nodiscard]] std::uint32_t number_of(store::Uid uid) const {
    return uids_->count_below(uid) + 1;
  }

  // Shows it as it stands now: all that is told of it at first is of one moment.
  void begin();

  // RFC 3501 2.3.2: those that this client is the first to hear of. They are asked for up to
  // recent_known() (claim_recent() of telling.hpp), which is asked for before what is new is told.
  [[nodiscard]] store::Uid recent_known() const { return recent_known_; }
  void add_recent(store::Uid first, store::Uid end);
  [[nodiscard]] bool is_recent(store::Uid uid) const;
  [[nodiscard]] std::uint32_t recent_count() const;
  // With SELECT; later ones are told with EXISTS.
  void note_recent_told() { recent_told_ = recent_count(); }
  // As they are told: with \Recent, where it is.
  [[nodiscard]] Flags flags_of(store::Uid uid, const store::MailFlags& flags) const;

  // What was read of a message may be newer than what is known here. Told as it is, it would be
  // followed by an older change: catch_up() waits until this core has heard of it, too.
  [[nodiscard]] bool lags_behind(store::ModSeq modseq) const {
    return modseq > shared_->modseq() && !lags_;
  }
  [[nodiscard]] engine::Task<void> catch_up(store::ModSeq modseq);

  // A change of flags that this client made itself: the command has answered it.
  void skip(store::ModSeq modseq) { own_.insert(modseq); }

  struct Telling {
    bool expunges = true;  // else what is gone, and what is new with it, waits
    bool uid = false;      // UIDs in FETCH responses
    bool places = true;    // what is new or gone
    bool flags = true;
    bool fetches_new = false;  // what is new is kept for take_new()
  };
  // All that has changed and was not told: EXPUNGE or VANISHED, EXISTS, FLAGS, FETCH.
  void tell(Telling how, const Enabled& enabled, std::string& out);
  [[nodiscard]] bool has_news() const;
  // FLAGS and what may be set, as the rights are now.
  void tell_rights(std::string& out);
  // At most so many of those that were told to be new and are still there, ascending; empty: that
  // was all.
  [[nodiscard]] std::vector<store::Uid> take_new(std::size_t count);
  // What the client has put in itself: it is not kept for take_new().
  void skip_new(store::Uid first, store::Uid last) { own_new_.push_back({first, last}); }
  // FLAGS, if there are keywords that it was not told of: before they stand in a response (RFC 9051
  // 7.3.5).
  void tell_new_keywords(std::string& out);

  // "$" (RFC 5182): the last SEARCH RETURN (SAVE).
  void save(store::UidSet found) { saved_ = std::move(found); }

 private:
  void tell_places(Telling how, const Enabled& enabled, std::string& out);
  void tell_recent(const Enabled& enabled, std::string& out);
  void keep_new(const store::UidSet& now);
  void tell_entries(const Enabled& enabled, std::string& out);
  void tell_flags(Telling how, const Enabled& enabled, store::Uid new_from, std::string& out);
  [[nodiscard]] std::vector<NumberRun> numbers_of(const std::vector<NumberRun>& uids) const;
  [[nodiscard]] std::vector<NumberRun> saved_numbers() const;

  SharedMailboxRef shared_;
  SharedMailbox::Uids uids_;
  SharedMailbox::Viewer viewer_;
  Manner manner_;
  std::uint64_t access_changes_;  // of the shared one, when the rights were taken
  std::size_t keywords_told_;
  store::Uid recent_known_;
  std::vector<NumberRun> recent_;  // ascending; some may have gone
  std::uint32_t recent_told_ = 0;
  std::set<store::ModSeq> own_;
  bool lags_ = false;            // catch_up() has failed
  store::ModSeq looked_at_ = 0;  // the last change when tell() looked
  store::UidSet new_;            // for take_new()
  std::vector<NumberRun> own_new_;
  store::UidSet saved_;
};

// The smallest member of `a` that is not in `b`.
[[nodiscard]] std::optional<store::Uid> first_outside(const store::UidSet& a,
                                                      const store::UidSet& b);

// FLAGS and PERMANENTFLAGS as they stand (RFC 9051 7.3.5), those that may be set (RFC 4314 5.1.1).
void encode_mailbox_flags(const std::vector<std::string>& keywords, Rights rights,
                          std::string& out);

}  // namespace postrider::imap
