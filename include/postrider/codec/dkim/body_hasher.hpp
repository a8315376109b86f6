#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include <postrider/base/digest.hpp>
#include <postrider/codec/dkim/canonicalization.hpp>

namespace postrider::dkim {

// The body hash of RFC 6376 3.7 over a body that arrives in chunks; any split gives the same hash.
// In: octets after the blank line, with CRLF line ends. A bare CR or LF is an octet like others.
// Limits: constant memory, whatever the body (empty lines are counted, not kept).
// Cost: one pass; copying takes a snapshot.
class BodyHasher {
 public:
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

  // `length`: hash only so many canonical octets, as a signature with l= asks (RFC 6376 3.5). We
  // never write one.
  explicit BodyHasher(Canonicalization canonicalization, std::uint64_t length = unlimited)
      : relaxed_(canonicalization == Canonicalization::relaxed), length_(length) {}

  void update(std::string_view chunk);
  [[nodiscard]] Sha256Digest finish();
  // Canonical octets so far, past `length` too; complete after finish().
  [[nodiscard]] std::uint64_t canonical_octets() const { return octets_; }

 private:
  void put(std::string_view octets);
  void flush();
  // What had to wait until it was known not to end a line or the body.
  void put_pending();

  Sha256 sha256_;
  bool relaxed_;
  std::uint64_t length_;
  std::uint64_t octets_ = 0;
  std::uint64_t pending_line_ends_ = 0;
  bool pending_blank_ = false;
  bool pending_cr_ = false;
  bool has_text_ = false;
  std::array<char, 1024> buffer_;
  std::size_t buffered_ = 0;
};

}  // namespace postrider::dkim
