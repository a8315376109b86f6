#include <new>
#include <wolfssl/wolfcrypt/sha256.h>
// The library's old name for its own structure is a macro.
#undef Sha256

#include <postrider/base/assert.hpp>
#include <postrider/base/digest.hpp>

namespace postrider {
namespace {

wc_Sha256* state_of(std::array<std::byte, 192>& state) {
  return std::launder(reinterpret_cast<wc_Sha256*>(state.data()));
}

}  // namespace

Sha256::Sha256() {
  static_assert(sizeof(wc_Sha256) <= state_bytes && alignof(wc_Sha256) <= 16);
  check(wc_InitSha256(::new (state_.data()) wc_Sha256) == 0, "SHA-256 starts");
}

Sha256::Sha256(const Sha256& other) : Sha256() {
  *this = other;
}

Sha256& Sha256::operator=(const Sha256& other) {
  if (this != &other) {
    // The library's copy function takes its source as non-const, but does not change it.
    auto& source = const_cast<Sha256&>(other);
    wc_Sha256Free(state_of(state_));
    check(wc_Sha256Copy(state_of(source.state_), state_of(state_)) == 0, "SHA-256 copies");
  }
  return *this;
}

Sha256::~Sha256() {
  wc_Sha256Free(state_of(state_));
}

void Sha256::update(std::string_view octets) {
  // The library counts in 32 bits.
  constexpr std::size_t most = 1U << 30;
  while (!octets.empty()) {
    const auto piece = octets.substr(0, most);
    check(wc_Sha256Update(state_of(state_), reinterpret_cast<const byte*>(piece.data()),
                          static_cast<word32>(piece.size())) == 0,
          "SHA-256 takes octets");
    octets.remove_prefix(piece.size());
  }
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  check(wc_Sha256Final(state_of(state_), reinterpret_cast<byte*>(digest.octets.data())) == 0,
        "SHA-256 ends");
  return digest;
}

Sha256Digest sha256(std::string_view octets) {
  Sha256 hash;
  hash.update(octets);
  return hash.finish();
}

}  // namespace postrider
