#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/codec/imap/searchable_text.hpp>
#include <postrider/flow/text_index.hpp>

// The index of one account, a Xapian database in a directory of its own:
//
//   metadata  "format"             "1"
//             "account"            the owner's name
//             "m" mailbox:hex8     uid_validity:number known:uids skipped:uids
//             uids = count:number (gap:number length:number)*      runs, ascending
//   document  one a message, in order of UID within its mailbox: the n-th document that has the
//   term
//             "M" mailbox:hex8 is the n-th of `known`
//   terms     "B" word   of text parts and headers of messages inside, as often as it is there
//             "H" word   of the fields of the message's own header
//
// Words are those of codec/imap/text_words. Everything here blocks: for the pool only. Each call
// opens and closes the database; a change is one commit of it, synced, so that a crash leaves the
// state before or after. Readers don't wait for the writer.
namespace postrider::search {

class IndexMemory;

enum class IndexError : std::uint8_t {
  absent,   // there is none
  damaged,  // it can't be read: remove it and make one anew
  failed,   // the disk is full, or another writes: try again later
};
template <class T>
using IndexResult = Result<T, IndexError>;

struct IndexedMailbox {
  std::uint32_t uid_validity = 0;
  store::UidSet known;
  store::UidSet skipped;  // too large or damaged
};
struct IndexContents {
  std::string account;
  std::map<store::MailboxId, IndexedMailbox> mailboxes;
};
[[nodiscard]] IndexResult<IndexContents> read_index(const std::string& directory);

// A message as it was read.
struct MailText {
  struct Part {
    imap::SearchablePart place;
    std::string octets;
  };
  store::Uid uid = 0;
  bool is_skipped = false;
  std::string header;
  std::vector<Part> parts;
};

// What happens to one mailbox.
struct IndexChange {
  std::string account;
  store::MailboxId mailbox{};
  std::uint32_t uid_validity = 0;  // 0: the mailbox is gone
  std::vector<store::Uid> gone;
  std::vector<MailText> come;  // in order; one that is not above all that are known is skipped
};
// Makes the index if there is none. What it holds of the mailbox under another UIDVALIDITY goes.
[[nodiscard]] IndexResult<void> change_index(const std::string& directory, IndexChange change);

// `memory` is filled with what the next question will want, too.
[[nodiscard]] IndexResult<flow::TextAnswers> ask_index(
    const std::string& directory, store::MailboxId mailbox, std::uint32_t uid_validity,
    const std::vector<flow::TextQuestion>& questions, IndexMemory& memory);

void remove_index(const std::string& directory);
[[nodiscard]] std::uint64_t index_bytes(const std::string& directory);

}  // namespace postrider::search
