#pragma once

#include "item.hpp"

#include <optional>
#include <vector>

#include <postrider/base/time.hpp>

namespace postrider::delivery {

// What a shard tells the loader (which lives on core 0 and reads the store for all shards).
class Backlog {
 public:
  virtual ~Backlog() = default;
  // These stay in the store until there is room: the lowest of them.
  virtual void on_overflow(CoreId core, DeliveryId lowest) = 0;
  virtual void on_deferred(CoreId core, WallTime due) = 0;
  virtual void on_room(CoreId core) = 0;
};

struct Taken;

// What the loader fills: the window of a core's shard. Called on that core.
class Window {
 public:
  Window() = default;
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  virtual ~Window() = default;
  // Between it and take() the window remembers what ends, since the loader's view of the store may
  // be older than that.
  virtual void begin_scan() = 0;
  [[nodiscard]] virtual Taken take(std::vector<ItemRef> items) = 0;
  // Whether the store holds older ones that wait for room.
  virtual void set_behind(bool behind) = 0;
};

// What became of a batch that the loader offered to a shard.
struct Taken {
  // The first of the batch, in its order, that there was no room for.
  std::optional<std::size_t> first_left;
  bool has_room = true;
  bool keeps_bodies = true;  // of the next batch, in memory
};

}  // namespace postrider::delivery
