#pragma once

#include <cstddef>
#include <vector>

#include <postrider/engine/task.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::pop3 {

// Reads the messages of a maildrop. Of a client that takes one after the other, what comes next is
// read along: some together cost little more than one.
// Memory: of 64 messages their traces, and 256 KiB of bodies.
class MailReader {
 public:
  struct Mail {
    store::Uid uid = 0;
    store::MailFacts facts;
    SharedOctets trace;
    SharedOctets body;  // if it is small and was read along
  };

  explicit MailReader(store::MailboxStore& store) : store_(store) {}

  // Message `at` (from 0) of `uids`, which ascend; not_found: it has been purged.
  // Out: valid until the next call.
  [[nodiscard]] engine::Task<store::MailResult<const Mail*>> read(
      store::MailAccountId account, const std::vector<store::Uid>& uids, std::size_t at,
      bool wants_body);
  // Octets of its body from `offset` on, at least one; empty past the end.
  [[nodiscard]] engine::Task<store::MailResult<SharedOctets>> read_body(const Mail& mail,
                                                                        std::uint64_t offset);

 private:
  [[nodiscard]] engine::Task<store::MailResult<void>> read_some(store::MailAccountId account,
                                                                std::vector<store::Uid> uids,
                                                                bool wants_bodies);
  [[nodiscard]] engine::Task<void> read_bodies();

  store::MailboxStore& store_;
  std::vector<Mail> mails_;   // ascending
  std::size_t next_ = 0;      // who asks for this one takes them in order
  std::size_t together_ = 1;  // so many are read when the next one is
};

}  // namespace postrider::pop3
