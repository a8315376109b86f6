#include "service_shared.hpp"

namespace postrider::imap {

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
