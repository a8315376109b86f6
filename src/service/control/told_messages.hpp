#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/base/time.hpp>

namespace postrider::control {

// Which messages somebody has been told of. Ids ascend with time, but a message gets its own when
// it begins to come, and may be there after another with a larger one: only what is older than
// settling is known by a bound.
//
//   told = version:number last:time bound:number count:number *id:number      version = 1
struct ToldMessages {
  // No message takes so long to come.
  static constexpr Duration settling = std::chrono::hours(24);

  WallTime last{};
  MessageId bound;             // this one and all below it
  std::vector<MessageId> ids;  // and these; ascending

  [[nodiscard]] bool contains(MessageId id) const;
  // When all of `held` (ascending) has been told, too. What is not held any more is left out.
  [[nodiscard]] static ToldMessages of(std::vector<MessageId> held, const ToldMessages& before,
                                       WallTime now);

  [[nodiscard]] std::string encode() const;
  // nullopt: it is none.
  [[nodiscard]] static std::optional<ToldMessages> parse(std::string_view octets);
  friend bool operator==(const ToldMessages&, const ToldMessages&) = default;
};

}  // namespace postrider::control
