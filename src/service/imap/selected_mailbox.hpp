#pragma once

#include "shared_mailbox.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

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
  SelectedMailbox(SharedMailboxRef shared, bool read_only, ChangeListener& listener);
  SelectedMailbox(const SelectedMailbox&) = delete;
  SelectedMailbox& operator=(const SelectedMailbox&) = delete;
  ~SelectedMailbox();

  [[nodiscard]] SharedMailbox& shared() { return *shared_; }
  [[nodiscard]] const SharedMailbox& shared() const { return *shared_; }
  [[nodiscard]] store::MailboxId id() const { return shared_->id(); }
  [[nodiscard]] bool is_read_only() const { return read_only_; }
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

  // A change of flags that this client made itself: the command has answered it.
  void skip(store::ModSeq modseq) { own_.insert(modseq); }

  struct Telling {
    bool expunges = true;  // else what is gone, and what is new with it, waits
    bool uid = false;      // UIDs in FETCH responses
  };
  // All that has changed and was not told: EXPUNGE or VANISHED, EXISTS, FLAGS, FETCH.
  void tell(Telling how, const Enabled& enabled, std::string& out);
  [[nodiscard]] bool has_news() const;
  // FLAGS, if there are keywords that it was not told of: before they stand in a response.
  void tell_new_keywords(std::string& out);

  // "$" (RFC 5182): the last SEARCH RETURN (SAVE).
  void save(store::UidSet found) { saved_ = std::move(found); }

 private:
  void tell_places(Telling how, const Enabled& enabled, std::string& out);
  void tell_flags(Telling how, const Enabled& enabled, store::Uid new_from, std::string& out);
  [[nodiscard]] std::vector<NumberRun> numbers_of(const std::vector<NumberRun>& uids) const;
  [[nodiscard]] std::vector<NumberRun> saved_numbers() const;

  SharedMailboxRef shared_;
  SharedMailbox::Uids uids_;
  SharedMailbox::Viewer viewer_;
  bool read_only_;
  std::size_t keywords_told_;
  std::set<store::ModSeq> own_;
  store::UidSet saved_;
};

// The smallest member of `a` that is not in `b`.
[[nodiscard]] std::optional<store::Uid> first_outside(const store::UidSet& a,
                                                      const store::UidSet& b);

// FLAGS and PERMANENTFLAGS as they stand (RFC 9051 7.3.5).
void encode_mailbox_flags(const std::vector<std::string>& keywords, bool read_only,
                          std::string& out);

}  // namespace postrider::imap
