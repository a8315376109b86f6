#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace postrider {

// Source of random octets. The real one is a CSPRNG seeded by the kernel (boundary strings, DNS
// ids, salts and nonces come from it); the simulated one is a function of its seed.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;

  [[nodiscard]] std::uint64_t next_u64() {
    std::uint64_t value = 0;
    fill(std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  // Uniform in [0, bound); bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1).
  [[nodiscard]] double unit() { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }
};

// Kernel randomness (getrandom) through a block buffer. Not shared between threads.
class SystemRandom final : public Random {
 public:
  SystemRandom() = default;
  void fill(std::span<std::byte> out) override;

 private:
  static constexpr std::size_t block_bytes = 1024;
  std::byte block_[block_bytes];
  std::size_t used_ = block_bytes;
};

// xoshiro256** from a seed: for simulation and tests only.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  void fill(std::span<std::byte> out) override;

 private:
  std::uint64_t next();
  std::uint64_t state_[4];
};

}  // namespace postrider
