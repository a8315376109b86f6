#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <postrider/base/random.hpp>

namespace postrider::net {

// The keys that seal session tickets (RFC 8446 4.6.1, RFC 5077 4) of one listener. All cores share
// them, so that a client may come back to any; another listener has others, so that a session can't
// be carried from one service to another. The newest key seals; the two before it still open.
//
// Shard: any thread; readers take no lock. rotate() by one thread at a time.
class TicketKeys {
 public:
  static constexpr std::size_t name_octets = 16;
  static constexpr std::size_t nonce_octets = 12;
  static constexpr std::size_t tag_octets = 16;
  static constexpr std::size_t kept = 3;
  // What clients are told, in seconds. rotate() twice in that time and no ticket fails by age.
  static constexpr int lifetime_s = 7200;

  explicit TicketKeys(Random& random);
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // A new key seals from now on; the oldest is forgotten for good.
  void rotate(Random& random);

  using Name = std::span<unsigned char, name_octets>;
  using Nonce = std::span<unsigned char, nonce_octets>;
  using Tag = std::span<unsigned char, tag_octets>;
  enum class Opened : std::uint8_t { with_newest, with_older, no };
  // AES-256-GCM in place, the name as associated data. False only if the library fails.
  [[nodiscard]] bool seal(Name name, Nonce nonce, Tag tag, std::span<unsigned char> ticket) const;
  [[nodiscard]] Opened open(Name name, Nonce nonce, Tag tag, std::span<unsigned char> ticket) const;

 private:
  static constexpr std::size_t key_octets = 32;
  struct Key {
    std::array<unsigned char, name_octets> name;
    std::array<unsigned char, key_octets> key;
  };
  using Ring = std::array<Key, kept>;  // newest first
  static constexpr std::size_t words = sizeof(Ring) / sizeof(std::uint64_t);

  [[nodiscard]] Ring snapshot() const;
  void publish(const Ring& ring);

  // A sequence lock: odd while the words change.
  std::atomic<std::uint64_t> sequence_{0};
  std::array<std::atomic<std::uint64_t>, words> words_{};
};

}  // namespace postrider::net
