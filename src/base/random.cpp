#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <sys/random.h>

#include <postrider/base/assert.hpp>
#include <postrider/base/random.hpp>

namespace postrider {

namespace {

void fill_from_kernel(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    // Nothing that we make without randomness would be safe to use.
    check(got > 0, "the kernel gives no randomness");
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace

std::uint64_t Random::below(std::uint64_t bound) {
  check(bound > 0, "nothing is below zero");
  // Lemire's method: the high half of a product is uniform once the few uneven low halves are
  // thrown away.
  __extension__ using Wide = unsigned __int128;
  const std::uint64_t uneven = (0 - bound) % bound;
  while (true) {
    const Wide product = static_cast<Wide>(next_u64()) * bound;
    if (static_cast<std::uint64_t>(product) >= uneven) {
      return static_cast<std::uint64_t>(product >> 64);
    }
  }
}

void SystemRandom::fill(std::span<std::byte> out) {
  if (out.size() > block_bytes) {
    fill_from_kernel(out);
    return;
  }
  while (!out.empty()) {
    if (used_ == block_bytes) {
      fill_from_kernel(block_);
      used_ = 0;
    }
    const std::size_t take = std::min(out.size(), block_bytes - used_);
    std::memcpy(out.data(), block_ + used_, take);
    // What was handed out may be a secret: it must not be found in memory later.
    std::memset(block_ + used_, 0, take);
    used_ += take;
    out = out.subspan(take);
  }
}

SeededRandom::SeededRandom(std::uint64_t seed) {
  // splitmix64, as xoshiro's authors advise: no seed yields the all-zero state.
  for (std::uint64_t& word : state_) {
    seed += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    word = z ^ (z >> 31);
  }
}

std::uint64_t SeededRandom::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void SeededRandom::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    const std::uint64_t word = next();
    const std::size_t take = std::min(out.size(), sizeof(word));
    std::memcpy(out.data(), &word, take);
    out = out.subspan(take);
  }
}

}  // namespace postrider
