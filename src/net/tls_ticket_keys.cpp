#include "tls_library.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <wolfssl/wolfcrypt/aes.h>

#include <postrider/base/hmac.hpp>
#include <postrider/net/tls_ticket_keys.hpp>

namespace postrider::net {
namespace {

// An AES-256-GCM key schedule for one ticket.
class Gcm {
 public:
  explicit Gcm(std::span<const unsigned char> key) {
    is_ready_ = wc_AesInit(&aes_, nullptr, INVALID_DEVID) == 0 &&
                wc_AesGcmSetKey(&aes_, key.data(), static_cast<word32>(key.size())) == 0;
  }
  Gcm(const Gcm&) = delete;
  Gcm& operator=(const Gcm&) = delete;
  ~Gcm() { wc_AesFree(&aes_); }
  [[nodiscard]] bool is_ready() const { return is_ready_; }
  [[nodiscard]] Aes* get() { return &aes_; }

 private:
  Aes aes_{};
  bool is_ready_ = false;
};

}  // namespace

TicketKeys::TicketKeys(Random& random) {
  Ring ring;
  random.fill(std::as_writable_bytes(std::span(ring)));
  publish(ring);
  wipe(reinterpret_cast<char*>(&ring), sizeof ring);
}

TicketKeys::~TicketKeys() {
  publish(Ring{});
}

void TicketKeys::rotate(Random& random) {
  auto ring = snapshot();
  std::ranges::rotate(ring, ring.end() - 1);
  random.fill(std::as_writable_bytes(std::span(&ring.front(), 1)));
  publish(ring);
  wipe(reinterpret_cast<char*>(&ring), sizeof ring);
}

TicketKeys::Ring TicketKeys::snapshot() const {
  static_assert(sizeof(Ring) == words * sizeof(std::uint64_t));
  std::array<std::uint64_t, words> copy;
  while (true) {
    const auto before = sequence_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < words; ++i) {
      copy[i] = words_[i].load(std::memory_order_acquire);
    }
    if (before % 2 == 0 && sequence_.load(std::memory_order_relaxed) == before) {
      return std::bit_cast<Ring>(copy);
    }
  }
}

void TicketKeys::publish(const Ring& ring) {
  const auto fresh = std::bit_cast<std::array<std::uint64_t, words>>(ring);
  sequence_.fetch_add(1, std::memory_order_acquire);
  for (std::size_t i = 0; i < words; ++i) {
    words_[i].store(fresh[i], std::memory_order_release);
  }
  sequence_.fetch_add(1, std::memory_order_release);
}

bool TicketKeys::seal(Name name, Nonce nonce, Tag tag, std::span<unsigned char> ticket) const {
  auto ring = snapshot();
  SystemRandom random;
  random.fill(std::as_writable_bytes(nonce));
  std::ranges::copy(ring.front().name, name.begin());
  Gcm gcm(ring.front().key);
  wipe(reinterpret_cast<char*>(&ring), sizeof ring);
  return gcm.is_ready() &&
         wc_AesGcmEncrypt(gcm.get(), ticket.data(), ticket.data(),
                          static_cast<word32>(ticket.size()), nonce.data(), nonce_octets,
                          tag.data(), tag_octets, name.data(), name_octets) == 0;
}

TicketKeys::Opened TicketKeys::open(Name name, Nonce nonce, Tag tag,
                                    std::span<unsigned char> ticket) const {
  auto ring = snapshot();
  const auto key =
      std::ranges::find_if(ring, [&](const Key& k) { return std::ranges::equal(k.name, name); });
  if (key == ring.end()) {
    return Opened::no;
  }
  const bool is_newest = key == ring.begin();
  Gcm gcm(key->key);
  wipe(reinterpret_cast<char*>(&ring), sizeof ring);
  if (!gcm.is_ready() ||
      wc_AesGcmDecrypt(gcm.get(), ticket.data(), ticket.data(), static_cast<word32>(ticket.size()),
                       nonce.data(), nonce_octets, tag.data(), tag_octets, name.data(),
                       name_octets) != 0) {
    return Opened::no;
  }
  return is_newest ? Opened::with_newest : Opened::with_older;
}

}  // namespace postrider::net
