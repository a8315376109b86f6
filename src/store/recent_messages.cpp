#include "recent_messages.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace postrider::store {

void RecentMessages::add(const Envelope& envelope, bool has_begun) {
  while (order_.size() >= limit_) {
    messages_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(envelope.id);
  Message message;
  message.facts.deliveries = static_cast<std::uint32_t>(envelope.destinations.size());
  message.facts.body_records = std::max(1U, envelope.body_chunks);
  if (has_begun) {
    message.begun.resize(message.facts.deliveries);
    std::iota(message.begun.begin(), message.begun.end(), 0U);
  }
  messages_[envelope.id] = std::move(message);
}

RecentMessages::Message* RecentMessages::find(MessageId id) {
  const auto found = messages_.find(id);
  return found == messages_.end() ? nullptr : &found.value();
}

}  // namespace postrider::store
