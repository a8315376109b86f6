#include <zlib.h>

#include <postrider/base/assert.hpp>
#include <postrider/base/gzip.hpp>

namespace postrider {

std::string gzip(std::string_view octets) {
  constexpr int window_and_gzip = 15 + 16;
  constexpr int memory = 8;
  z_stream stream{};
  check(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_and_gzip, memory,
                     Z_DEFAULT_STRATEGY) == Z_OK,
        "zlib has no memory");
  std::string in(octets);
  std::string out(deflateBound(&stream, in.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int end = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  (void)deflateEnd(&stream);  // it only frees
  check(end == Z_STREAM_END, "zlib writes less than it said");
  return out;
}

}  // namespace postrider
