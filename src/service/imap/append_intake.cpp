#include "append_intake.hpp"

#include "mailbox_access.hpp"
#include "mailbox_names.hpp"
#include "replies.hpp"

#include <algorithm>
#include <utility>

namespace postrider::imap {

AppendIntake::AppendIntake(ServiceShared& shared) : shared_(shared) {}
AppendIntake::~AppendIntake() = default;

engine::Task<std::optional<Status>> AppendIntake::look_up(Client& client, std::string mailbox) {
  auto found = co_await find_target(client, std::move(mailbox));
  if (!found) {
    co_return std::move(found.error());
  }
  target_ = std::make_unique<FoundMailbox>(*std::move(found));
  const auto quota = co_await quota_of(shared_.doors.directory, target_->place.owner);
  const auto usage = co_await shared_.doors.mailboxes.usage(target_->place.account);
  if (!quota || !usage) {
    co_return refusal_of(quota ? usage.error() : quota.error());
  }
  quota_ = *quota;
  usage_ = *usage;
  co_return std::nullopt;
}

// RFC 8508 4.1: what goes away needs the rights that its expunge needs.
engine::Task<std::optional<Status>> AppendIntake::look_up_replaced(Client& client,
                                                                   ReplaceArguments replaces) {
  if (!client.selected) {
    co_return bad("Select a mailbox first");
  }
  SelectedMailbox& selected = *client.selected;
  if (auto refusal = barred(selected, {Right::delete_messages, Right::expunge})) {
    co_return refusal;
  }
  SequenceSet one;
  one.ranges.push_back({replaces.number, replaces.number});
  const auto numbers = selected.find(one, replaces.uid);
  if (!numbers) {
    co_return bad("There is no message of that number");
  }
  const auto message = selected.cursor(*numbers).take(1);
  if (message.empty()) {
    co_return refused("NONEXISTENT", "There is no message of that UID");
  }
  replaced_ = message.front().uid;
  const auto rows = co_await client.store().facts(selected.account(), selected.id(), {replaced_});
  if (!rows) {
    co_return refusal_of(rows.error());
  }
  if (rows->empty() || !selected.shared().uids()->contains(replaced_)) {
    co_return refused("EXPUNGEISSUED", "The message has gone");
  }
  if (selected.account() == target_->place.account) {
    usage_.size_bytes -= std::min(usage_.size_bytes, rows->front().facts.size_bytes());
    usage_.messages -= std::min<std::uint64_t>(usage_.messages, 1);
  }
  co_return std::nullopt;
}

// What is refused here costs nobody the sending of it.
engine::Task<std::optional<Status>> AppendIntake::open(Client& client,
                                                       const AppendArguments& arguments,
                                                       std::optional<ReplaceArguments> replaces,
                                                       engine::Until until) {
  const std::uint64_t octets = arguments.messages.back().octets;
  if (whole_.empty() && permits_.empty()) {
    if (auto refusal = co_await look_up(client, arguments.mailbox)) {
      co_return refusal;
    }
    if (replaces) {
      if (auto refusal = co_await look_up_replaced(client, *std::move(replaces))) {
        co_return refusal;
      }
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
  std::string().swap(octets_);  // an assignment would keep the memory
  whole_.clear();
  permits_.clear();
  target_.reset();
  replaced_ = 0;
}

std::vector<flow::PreparedMailRef> AppendIntake::take() {
  return std::exchange(whole_, {});
}

}  // namespace postrider::imap
