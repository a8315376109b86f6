#include <gtest/gtest.h>
#include <zlib.h>

#include <postrider/base/gzip.hpp>

namespace postrider {
namespace {

std::string gunzip(std::string octets) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(octets.data());
  stream.avail_in = static_cast<uInt>(octets.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U);
  out.resize(stream.total_out);
  (void)inflateEnd(&stream);
  return out;
}

TEST(Gzip, IsReadByOthers) {
  std::string long_text;
  for (int i = 0; i < 5000; ++i) {
    long_text += std::to_string(i * 7919);
  }
  for (const std::string& text :
       {std::string(), std::string("a"), std::string(1000, '\0'), long_text}) {
    EXPECT_EQ(gunzip(gzip(text)), text);
  }
  EXPECT_LT(gzip(std::string(10'000, 'x')).size(), 100U);
  EXPECT_EQ(gzip("x").substr(0, 2), "\x1f\x8b");
}

}  // namespace
}  // namespace postrider
