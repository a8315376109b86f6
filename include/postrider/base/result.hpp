#pragma once

#include <expected>
#include <utility>

namespace postrider {

// An expected outcome of a peer, the disk or the configuration. E is an enum of the room (each
// enumerator says what the caller does) or a small struct around one.
template <class T, class E>
using Result = std::expected<T, E>;

template <class E>
[[nodiscard]] constexpr std::unexpected<std::decay_t<E>> failure(E&& error) {
  return std::unexpected<std::decay_t<E>>(std::forward<E>(error));
}

}  // namespace postrider
