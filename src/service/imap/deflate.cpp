#include "deflate.hpp"

#include <zlib.h>

#include <postrider/base/assert.hpp>

namespace postrider::imap {
namespace {

// Raw streams are asked for by negative numbers. The peer's window may be the largest; ours is 8
// KiB, in which mail finds most of what it will, at a fifth of the memory.
constexpr int peer_window_bits = -15;
constexpr int own_window_bits = -13;
constexpr int memory_level = 5;
constexpr std::size_t piece = 16UL * 1024;

Bytef* octets_of(std::string_view text) {
  // zlib reads it and nothing else.
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

}  // namespace

struct Deflater::Impl {
  z_stream stream{};
};

Deflater::Deflater() : impl_(std::make_unique<Impl>()) {
  check(deflateInit2(&impl_->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, own_window_bits,
                     memory_level, Z_DEFAULT_STRATEGY) == Z_OK,
        "deflateInit2");
}

Deflater::~Deflater() {
  deflateEnd(&impl_->stream);
}

void Deflater::compress(std::string_view plain, std::string& out) {
  z_stream& stream = impl_->stream;
  stream.next_in = octets_of(plain);
  stream.avail_in = static_cast<uInt>(plain.size());
  do {
    const std::size_t begin = out.size();
    out.resize(begin + piece);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + begin);
    stream.avail_out = piece;
    const int done = deflate(&stream, Z_SYNC_FLUSH);
    check(done == Z_OK || done == Z_BUF_ERROR, "deflate");
    out.resize(begin + piece - stream.avail_out);
  } while (stream.avail_out == 0);
}

struct Inflater::Impl {
  z_stream stream{};
};

Inflater::Inflater() : impl_(std::make_unique<Impl>()) {
  check(inflateInit2(&impl_->stream, peer_window_bits) == Z_OK, "inflateInit2");
}

Inflater::~Inflater() {
  inflateEnd(&impl_->stream);
}

Inflater::Step Inflater::inflate(std::string_view& packed, std::string& out) {
  z_stream& stream = impl_->stream;
  stream.next_in = octets_of(packed);
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = ::inflate(&stream, Z_SYNC_FLUSH);
  packed.remove_prefix(packed.size() - stream.avail_in);
  return {.octets = out.size() - stream.avail_out, .sound = done == Z_OK || done == Z_BUF_ERROR};
}

}  // namespace postrider::imap
