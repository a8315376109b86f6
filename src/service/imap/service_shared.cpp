#include "service_shared.hpp"

#include <utility>

namespace postrider::imap {

engine::Task<void> ServiceShared::work(std::size_t messages, engine::Work what) {
  constexpr std::size_t few = 1000;
  if (messages <= few) {
    what();
    co_return;
  }
  // (void): the pool is bounded and its jobs end.
  (void)co_await doors.reactor.offload(std::move(what), engine::Until{});
}

UserPlace UserPlace::take(ServiceShared& shared, const std::string& account) {
  UserPlace place;
  std::uint32_t& count = shared.connections[account];
  if (count < shared.settings.connections_per_user) {
    ++count;
    place.shared_ = &shared;
    place.name_ = account;
  }
  return place;
}

UserPlace::~UserPlace() {
  if (shared_ == nullptr) {
    return;
  }
  const auto found = shared_->connections.find(name_);
  if (--found->second == 0) {
    shared_->connections.erase(found);
  }
}

}  // namespace postrider::imap
