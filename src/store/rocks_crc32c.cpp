#include "rocks_crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

// The name, the types and the meaning are RocksDB's (its util/crc32c.h): the CRC-32C of what `crc`
// is the CRC-32C of, followed by `data`.
namespace rocksdb::crc32c {

std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t size);

namespace {

constexpr std::uint32_t polynomial = 0x82F63B78;  // Castagnoli's, reflected

consteval std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> out{};
  for (std::uint32_t octet = 0; octet < out.size(); ++octet) {
    std::uint32_t rest = octet;
    for (int bit = 0; bit < 8; ++bit) {
      rest = (rest >> 1) ^ ((rest & 1) != 0 ? polynomial : 0);
    }
    out[octet] = rest;
  }
  return out;
}

constexpr std::array<std::uint32_t, 256> table = make_table();

std::uint32_t extend_by_table(std::uint32_t rest, const char* data, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    rest = table[(rest ^ static_cast<unsigned char>(data[i])) & 0xFF] ^ (rest >> 8);
  }
  return rest;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) std::uint32_t extend_by_instruction(std::uint32_t rest,
                                                                      const char* data,
                                                                      std::size_t size) {
  std::uint64_t wide = rest;
  for (; size >= sizeof wide; data += sizeof wide, size -= sizeof wide) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, sizeof word);
    wide = __builtin_ia32_crc32di(wide, word);
  }
  rest = static_cast<std::uint32_t>(wide);
  for (; size > 0; ++data, --size) {
    rest = __builtin_ia32_crc32qi(rest, static_cast<unsigned char>(*data));
  }
  return rest;
}
#endif

}  // namespace

std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t size) {
#ifdef __x86_64__
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) {
    return ~extend_by_instruction(~crc, data, size);
  }
#endif
  return ~extend_by_table(~crc, data, size);
}

}  // namespace rocksdb::crc32c

namespace postrider::store {

void use_own_crc32c() {}

}  // namespace postrider::store
