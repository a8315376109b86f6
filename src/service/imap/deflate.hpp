#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace postrider::imap {

// COMPRESS=DEFLATE (RFC 4978): raw deflate both ways, each for the life of a connection.

// Memory: about 50 KiB, by window and memory level in the source.
class Deflater {
 public:
  Deflater();
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  // Appends `plain`, compressed, so that the peer can read all of it.
  void compress(std::string_view plain, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Memory: about 40 KiB, and what the caller takes at a time, however much a few octets stand for.
class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  // Takes octets from the front of `packed` and fills `out` (its size is the most), whichever ends
  // first. Out: how many were filled; false in `sound`: it is no deflate stream, or it has ended.
  struct Step {
    std::size_t octets = 0;
    bool sound = true;
  };
  [[nodiscard]] Step inflate(std::string_view& packed, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::imap
