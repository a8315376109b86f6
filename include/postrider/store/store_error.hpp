#pragma once

#include <cstdint>
#include <string_view>

#include <postrider/base/result.hpp>

namespace postrider::store {

enum class StoreError : std::uint8_t {
  not_found,  // no such record: the caller's business
  full,       // disk or budget: refuse new work with 452, keep what is queued
  io,  // a write or sync failed: nothing more is accepted until a restart (a failed fsync is final)
  corrupt,   // the record can't be read: it is set aside in quarantine and reported, never deleted
  conflict,  // the record exists or has changed: read again
  closed,    // the store is shutting down
};
[[nodiscard]] std::string_view describe(StoreError error);

template <class T>
using StoreResult = Result<T, StoreError>;

}  // namespace postrider::store
