#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/time.hpp>

namespace postrider {

// Which core (reactor) of this process; 0-based.
using CoreId = std::uint16_t;

// A message in the queue. Ids of one process ascend with time, so that their order is the order of
// arrival: 42 bits of milliseconds since 2024, 6 bits of core, 16 bits of sequence.
class MessageId {
 public:
  constexpr MessageId() = default;
  constexpr explicit MessageId(std::uint64_t value) : value_(value) {}
  [[nodiscard]] constexpr std::uint64_t value() const { return value_; }
  [[nodiscard]] constexpr bool is_null() const { return value_ == 0; }
  // 13 characters of Crockford's base 32, sorting as the value does: safe in file names, logs,
  // headers.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static std::optional<MessageId> parse(std::string_view text);
  [[nodiscard]] WallTime created() const;
  friend constexpr auto operator<=>(MessageId, MessageId) = default;

 private:
  std::uint64_t value_ = 0;
};

// One delivery of a message: its recipients in one destination domain (or one route). `number` is
// the index among the message's deliveries, fixed at commit.
struct DeliveryId {
  MessageId message;
  std::uint32_t number = 0;
  friend constexpr auto operator<=>(DeliveryId, DeliveryId) = default;
};

// Makes ids on one core. Ascends even if the clock steps back.
class MessageIdSource {
 public:
  // `after`: the largest id known from the store, so that a restart with a clock behind still
  // ascends.
  MessageIdSource(CoreId core, MessageId after) : core_(core), last_(after.value()) {}
  [[nodiscard]] MessageId next(WallTime now);

 private:
  std::uint64_t core_;
  std::uint64_t last_;
};

}  // namespace postrider

template <>
struct std::hash<postrider::MessageId> {
  // Ids of one second differ in their middle bits alone, and tables mask all but the lowest.
  std::size_t operator()(postrider::MessageId id) const noexcept {
    const std::uint64_t product = id.value() * 0x9E3779B97F4A7C15ULL;
    return static_cast<std::size_t>(product ^ (product >> 32));
  }
};
template <>
struct std::hash<postrider::DeliveryId> {
  std::size_t operator()(postrider::DeliveryId id) const noexcept {
    return std::hash<postrider::MessageId>{}(id.message) ^ (id.number * 0x85EBCA6BU);
  }
};
