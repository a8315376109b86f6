#include "store/rocks_crc32c.hpp"

#include <array>
#include <cstdint>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <memory>
#include <rocksdb/file_checksum.h>
#include <string>

namespace rocksdb::crc32c {
std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t size);
}  // namespace rocksdb::crc32c

namespace postrider::store {
namespace {

std::uint32_t crc_of(const std::string& octets) {
  return rocksdb::crc32c::Extend(0, octets.data(), octets.size());
}

std::string counting_up(int from, int step) {
  std::string out;
  for (int i = 0; i < 32; ++i) {
    out += static_cast<char>(from + step * i);
  }
  return out;
}

TEST(RocksCrc32c, KnownValues) {
  // Those of iSCSI's standard, and the one that catalogues of CRCs give.
  EXPECT_EQ(crc_of(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc_of(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(crc_of(counting_up(0, 1)), 0x46DD794EU);
  EXPECT_EQ(crc_of(counting_up(31, -1)), 0x113FDB5CU);
  EXPECT_EQ(crc_of("123456789"), 0xE3069283U);
  EXPECT_EQ(crc_of(""), 0U);
}

TEST(RocksCrc32c, DoesNotCareWhereItIsCut) {
  const std::string octets = counting_up(7, 5) + "and a few more";
  const std::uint32_t whole = crc_of(octets);
  for (std::size_t cut = 0; cut <= octets.size(); ++cut) {
    const std::uint32_t first = rocksdb::crc32c::Extend(0, octets.data(), cut);
    EXPECT_EQ(rocksdb::crc32c::Extend(first, octets.data() + cut, octets.size() - cut), whole);
  }
}

// The library's own users of the function get ours: the name is the program's, and the library asks
// for it by name.
TEST(RocksCrc32c, IsWhatRocksDbCalls) {
  use_own_crc32c();
  const void* const chosen = dlsym(RTLD_DEFAULT, "_ZN7rocksdb6crc32c6ExtendEjPKcm");
  EXPECT_EQ(chosen, reinterpret_cast<const void*>(&rocksdb::crc32c::Extend));
  Dl_info place{};
  ASSERT_NE(dladdr(chosen, &place), 0);
  EXPECT_EQ(std::string(place.dli_fname).find("librocksdb"), std::string::npos) << place.dli_fname;
  const std::unique_ptr<rocksdb::FileChecksumGenerator> generator =
      rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator({});
  generator->Update("123456789", 9);
  generator->Finalize();
  EXPECT_EQ(generator->GetChecksum(), std::string("\xE3\x06\x92\x83", 4));
}

}  // namespace
}  // namespace postrider::store
