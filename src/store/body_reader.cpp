#include "body_reader.hpp"

#include "mail_codec.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

namespace postrider::store {
namespace {

constexpr std::size_t piece_octets = 256 * 1024;
constexpr std::size_t likely_octets = 4 * 1024;  // of one body
// What a walk begins with costs as much as a dozen look-ups, then a body little more than half of
// one, if it is the next or the one behind that.
constexpr std::size_t worth_a_walk = 48;
constexpr int steps_max = 2;
constexpr int far_max = 2;  // so often in a row it may stand farther away

// Frames are decoded one behind the other: a piece of memory for each would be made on the pool and
// given back on the core.
class Frames {
 public:
  explicit Frames(std::size_t count) : frames_(count), left_(count) {}

  void add(std::size_t number, std::string_view key, std::string_view record) {
    if (piece_.empty()) {
      piece_.reserve(std::min(piece_octets, left_ * likely_octets));
    }
    const std::size_t begin = piece_.size();
    if (append_frame(key, record, piece_)) {
      places_.push_back({number, begin, piece_.size() - begin});
    }
    --left_;
    if (piece_.size() >= piece_octets - likely_octets) {
      end_piece();
    }
  }
  std::vector<SharedOctets> take() {
    end_piece();
    return std::move(frames_);
  }

 private:
  struct Place {
    std::size_t number = 0;
    std::size_t begin = 0;
    std::size_t size = 0;
  };
  void end_piece() {
    const SharedOctets piece(std::exchange(piece_, {}));
    for (const Place& place : places_) {
      frames_[place.number] = piece.part(place.begin, place.size);
    }
    places_.clear();
  }

  std::vector<SharedOctets> frames_;
  std::size_t left_;
  std::string piece_;
  std::vector<Place> places_;
};

bool step_to(KvCursor& cursor, const std::string& key) {
  for (int i = 0; i < steps_max && cursor.is_valid() && cursor.key() < key; ++i) {
    cursor.next();
  }
  return !cursor.is_valid() || cursor.key() >= key;
}

// Those that stand close together, from the first on. Out: how many of `order` were looked for.
std::size_t walk(const Kv& kv, const std::vector<std::string>& keys,
                 const std::vector<std::size_t>& order, Frames& frames) {
  if (order.size() < worth_a_walk) {
    return 0;
  }
  const auto cursor = kv.walk_far(Family::blob, keys[order.front()], {});
  int far = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::string& key = keys[order[i]];
    if (step_to(*cursor, key)) {
      far = 0;
    } else if (++far > far_max) {
      return i;
    } else {
      cursor->seek(key);
    }
    if (!cursor->is_valid()) {
      return cursor->error() ? i : order.size();
    }
    if (cursor->key() == key) {
      frames.add(order[i], key, cursor->value());
    }
  }
  return order.size();
}

}  // namespace

std::vector<SharedOctets> read_first_frames(const Kv& kv, const std::vector<BlobId>& blobs) {
  Frames frames(blobs.size());
  std::vector<std::string> keys;
  keys.reserve(blobs.size());
  for (const BlobId& blob : blobs) {
    keys.push_back(blob_key(blob, 0));
  }
  std::vector<std::size_t> order(blobs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&keys](std::size_t i) -> const std::string& { return keys[i]; });
  const std::size_t walked = walk(kv, keys, order, frames);
  if (walked < order.size()) {
    order.erase(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(walked));
    std::vector<std::string> rest;
    rest.reserve(order.size());
    for (const std::size_t i : order) {
      rest.push_back(std::move(keys[i]));
    }
    kv.get_many(Family::blob, rest, [&](std::size_t i, const auto& record) {
      if (record) {
        frames.add(order[i], rest[i], *record);
      }
    });
  }
  return frames.take();
}

}  // namespace postrider::store
