#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>

namespace postrider::policy {

enum class SrsError : std::uint8_t {
  not_srs,  // an address like any other
  forged,   // not made with our secret, or damaged: nobody has it
  expired,  // older than srs_lifetime_days: nobody has it any more
};

inline constexpr std::uint32_t srs_lifetime_days = 21;  // bounces come within a peer's queue time

// The Sender Rewriting Scheme: what is forwarded goes out from an address of ours, so that the next
// host's SPF check is of our hosts, and its bounces come back to us, who know from the address
// where they belong.
//
//   SRS0=hash=day=domain=local@ours          local@domain has sent it
//   SRS1=hash=host=rest@ours                 SRS0rest@host has sent it on
//
// `hash`: HMAC-SHA-256 of the rest, in lower case, cut to 8 base32 digits. `day`: since 1970,
// modulo 1024. Both survive hosts that change the case of a local part.
class Srs {
 public:
  explicit Srs(std::string_view secret);

  // `sender`: "local@domain", or empty, which stays so. `forwarder`: whose mail is sent on; a
  // sender in its domain stays. Out: `forwarder` itself if the sender is too long to be rewritten
  // (RFC 5321 4.5.3.1.1): then bounces are for it to read.
  [[nodiscard]] std::string forward(std::string_view sender, std::string_view forwarder,
                                    WallTime now) const;
  // What an address that forward() has made stood for.
  [[nodiscard]] Result<std::string, SrsError> reverse(std::string_view address, WallTime now) const;

 private:
  [[nodiscard]] std::string hash_of(std::string_view text) const;
  std::string key_;
};

}  // namespace postrider::policy
