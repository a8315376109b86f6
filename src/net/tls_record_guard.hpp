#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postrider::net {

// Watches the ciphertext that comes in, record by record (RFC 8446 5.1), before the library parses
// it.
//
// Application data (type 23) shorter than 17 octets holds less than a tag and a content type (RFC
// 8446 5.2): an empty inner plaintext is what crashed some releases of the library before any
// login. A first record that is neither a handshake nor an alert is no TLS: a client that speaks in
// clear text.
class TlsRecordGuard {
 public:
  static constexpr std::size_t header_octets = 5;
  static constexpr std::uint8_t alert = 0x15;
  static constexpr std::uint8_t handshake = 0x16;
  static constexpr std::uint8_t application_data = 0x17;
  static constexpr std::size_t application_octets_min = 17;

  enum class Verdict : std::uint8_t { pass, empty_record, not_tls };

  // The next octets of the stream, cut anywhere. Anything but pass: refuse the connection.
  [[nodiscard]] Verdict inspect(std::string_view octets) {
    while (!octets.empty()) {
      if (body_left_ > 0) {
        const auto skipped = octets.size() < body_left_ ? octets.size() : body_left_;
        body_left_ -= skipped;
        octets.remove_prefix(skipped);
        continue;
      }
      const auto octet = static_cast<std::uint8_t>(octets.front());
      octets.remove_prefix(1);
      if (const auto verdict = take_header_octet(octet); verdict != Verdict::pass) {
        return verdict;
      }
    }
    return Verdict::pass;
  }

 private:
  Verdict take_header_octet(std::uint8_t octet) {
    if (header_at_ == 0) {
      type_ = octet;
      length_ = 0;
      if (is_first_ && type_ != handshake && type_ != alert && type_ != application_data) {
        return Verdict::not_tls;
      }
      is_first_ = false;
    } else if (header_at_ >= 3) {
      length_ = length_ << 8 | octet;
    }
    if (++header_at_ < header_octets) {
      return Verdict::pass;
    }
    header_at_ = 0;
    body_left_ = length_;
    return type_ == application_data && length_ < application_octets_min ? Verdict::empty_record
                                                                         : Verdict::pass;
  }

  bool is_first_ = true;
  std::uint8_t type_ = 0;
  std::size_t header_at_ = 0;
  std::size_t length_ = 0;
  std::size_t body_left_ = 0;
};

}  // namespace postrider::net
