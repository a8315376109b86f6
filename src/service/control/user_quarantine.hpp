#pragma once

#include "quarantine.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/http/message.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/service/control/live_queue.hpp>
#include <postrider/service/control/user_service.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::control {

// Is it to be filed in the mailbox of that account?
[[nodiscard]] bool is_of_account(const store::StoredDelivery& stored, std::string_view account);

// The part of the quarantine that is one account's: what it sees of it, and does to it.
// Shard: the core of the doors.
class UserQuarantine {
 public:
  // All of it outlives this.
  UserQuarantine(const UserDoors& doors, const UserSettings& settings)
      : doors_(doors), settings_(settings), walking_(doors.reactor, 1) {}

  // In order of arrival, after `after`.
  [[nodiscard]] engine::Task<http::Response> list(std::string account, MessageId after,
                                                  std::size_t limit);
  [[nodiscard]] engine::Task<http::Response> show(std::string account, std::string id);
  // The message itself may be given to him. Errors: 404, 403 (withheld).
  [[nodiscard]] engine::Task<Result<store::Envelope, http::Response>> find_message(
      std::string account, std::string id);
  // `who`: for the event. Errors: 404, 403 (withheld), 409.
  [[nodiscard]] engine::Task<http::Response> act(QueueAction action, std::string account,
                                                 std::string id, std::string who);

 private:
  [[nodiscard]] engine::Task<store::StoreResult<void>> refresh();
  [[nodiscard]] engine::Task<store::StoreResult<std::vector<store::StoredDelivery>>> load(
      std::string account, MessageId id);
  // Of the message that `id` says, as load(), and never none; else what to answer.
  [[nodiscard]] engine::Task<Result<std::vector<store::StoredDelivery>, http::Response>> find(
      std::string account, std::string id);
  [[nodiscard]] engine::Task<bool> may_have(MessageId message);
  void encode(const store::StoredDelivery& stored, const std::string& header, bool with_header,
              std::string& out) const;

  const UserDoors& doors_;
  const UserSettings& settings_;
  // Of the last walk, by account; what has left since is seen when it is loaded.
  HeldByAccount held_;
  MonoTime walked_{};
  bool has_walked_ = false;
  engine::Semaphore walking_;
};

}  // namespace postrider::control
