#pragma once

#include "kv.hpp"

#include <string>

namespace postrider::store {

// Moves on to the first key that is not below `key`: by steps mostly, since what is asked for
// stands close together; past a few, by a seek.
inline void advance(KvCursor& cursor, const std::string& key) {
  constexpr int steps_max = 4;
  for (int i = 0; i < steps_max && cursor.is_valid() && cursor.key() < key; ++i) {
    cursor.next();
  }
  if (cursor.is_valid() && cursor.key() < key) {
    cursor.seek(key);
  }
}

}  // namespace postrider::store
