#include "append_intake.hpp"

#include "mailbox_names.hpp"
#include "replies.hpp"

#include <utility>

namespace postrider::imap {

engine::Task<std::optional<Status>> AppendIntake::look_up(store::MailAccountId account,
                                                          std::string owner, std::string mailbox) {
  const auto found = co_await find_mailbox(shared_.doors.mailboxes, account, std::move(mailbox));
  if (!found) {
    co_return refusal_of_target(found.error());
  }
  mailbox_ = found->id;
  const auto quota = co_await quota_of(shared_.doors.directory, std::move(owner));
  const auto usage = co_await shared_.doors.mailboxes.usage(account);
  if (!quota || !usage) {
    co_return refusal_of(quota ? usage.error() : quota.error());
  }
  quota_ = *quota;
  usage_ = *usage;
  co_return std::nullopt;
}

// What is refused here costs nobody the sending of it.
engine::Task<std::optional<Status>> AppendIntake::open(store::MailAccountId account,
                                                       std::string owner,
                                                       const AppendArguments& arguments,
                                                       engine::Until until) {
  const std::uint64_t octets = arguments.messages.back().octets;
  if (whole_.empty() && permits_.empty()) {
    if (auto refusal = co_await look_up(account, std::move(owner), arguments.mailbox)) {
      co_return refusal;
    }
  }
  usage_.size_bytes += octets;
  ++usage_.messages;
  if ((quota_.size_bytes > 0 && usage_.size_bytes > quota_.size_bytes) ||
      (quota_.messages > 0 && usage_.messages > quota_.messages)) {
    co_return refusal_of(store::MailError::over_quota);
  }
  auto permit = co_await shared_.append_octets.acquire(octets, until);
  if (!permit) {
    co_return refused("UNAVAILABLE", "Too much is being appended just now: try again later");
  }
  permits_.push_back(*std::move(permit));
  octets_.clear();
  co_return std::nullopt;
}

engine::Task<std::optional<Status>> AppendIntake::close() {
  auto prepared = co_await shared_.filing.prepare(SharedOctets(std::exchange(octets_, {})));
  if (prepared == nullptr || prepared->body == nullptr) {
    co_return refused("UNAVAILABLE", "The message can't be kept now: try again later");
  }
  whole_.push_back(std::move(prepared));
  co_return std::nullopt;
}

void AppendIntake::drop() {
  octets_ = {};
  whole_.clear();
  permits_.clear();
  mailbox_ = store::MailboxId::none;
}

std::vector<flow::PreparedMailRef> AppendIntake::take() {
  return std::exchange(whole_, {});
}

}  // namespace postrider::imap
