#include "mail_codec.hpp"
#include "record_seal.hpp"

#include <algorithm>
#include <memory>
#include <zstd.h>

#include <postrider/base/assert.hpp>

// Bodies, cut into frames that are compressed one by one, so that a range costs what it holds.
namespace postrider::store {
namespace {

constexpr std::uint64_t stored = 0;
constexpr std::uint64_t compressed = 1;
constexpr int level = 1;  // the fastest of the usual ones
// Less is not worth the time of the readers.
constexpr std::size_t worthwhile_percent = 5;
// Of a smaller one it saves a kilobyte or two, and costs each reader as much as all else together.
constexpr std::size_t smallest = 4 * 1024;

// Of this thread, so that it is made once. Holds no state between calls.
ZSTD_CCtx* compressor() {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  check(context != nullptr, "zstd has no memory");
  return context.get();
}

ZSTD_DCtx* decompressor() {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  check(context != nullptr, "zstd has no memory");
  return context.get();
}

// Empty: it does not pay.
std::string compress(std::string_view octets) {
  if (octets.size() < smallest) {
    return {};
  }
  std::string out(ZSTD_compressBound(octets.size()), '\0');
  const std::size_t size =
      ZSTD_compressCCtx(compressor(), out.data(), out.size(), octets.data(), octets.size(), level);
  if (ZSTD_isError(size) != 0 || size > octets.size() - octets.size() * worthwhile_percent / 100) {
    return {};
  }
  out.resize(size);
  return out;
}

// Behind what is in `out`, and nothing is cleared that is written anyway.
bool decompress(std::string_view octets, std::size_t size, std::string& out) {
  const std::size_t before = out.size();
  bool is_whole = false;
  out.resize_and_overwrite(before + size, [&](char* at, std::size_t) {
    const std::size_t done =
        ZSTD_decompressDCtx(decompressor(), at + before, size, octets.data(), octets.size());
    is_whole = ZSTD_isError(done) == 0 && done == size;
    return is_whole ? before + size : before;
  });
  return is_whole;
}

}  // namespace

std::string encode_frame(std::string_view key, std::uint64_t body_bytes, std::string_view octets) {
  check(octets.size() <= blob_frame_octets, "a frame is too large");
  const std::string small = compress(octets);
  FieldWriter out;
  out.number(body_bytes).number(octets.size());
  if (small.empty()) {
    out.number(stored).text(octets);
  } else {
    out.number(compressed).text(small);
  }
  return seal(key, std::move(out));
}

RecordResult<std::uint64_t> append_frame(std::string_view key, std::string_view value,
                                         std::string& out) {
  return decode<std::uint64_t>(key, value, [&out](FieldReader& in, std::uint64_t& body_bytes) {
    body_bytes = in.number();
    const std::uint64_t size = in.number(blob_frame_octets);
    const std::uint64_t codec = in.number(compressed);
    const std::string_view octets = in.view();
    if (!in.is_sound() || !in.is_at_end()) {
      return false;
    }
    if (codec == stored) {
      if (octets.size() == size) {
        out += octets;
      }
      return octets.size() == size;
    }
    return decompress(octets, size, out);
  });
}

RecordResult<BlobFrame> decode_frame(std::string_view key, std::string_view value) {
  BlobFrame frame;
  const auto body_bytes = append_frame(key, value, frame.octets);
  if (!body_bytes) {
    return failure(body_bytes.error());
  }
  frame.body_bytes = *body_bytes;
  return frame;
}

}  // namespace postrider::store
