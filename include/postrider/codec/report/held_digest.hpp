#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postrider/base/time.hpp>

namespace postrider::report {

// One that was held back. Texts are those of who sent it: nothing in them is trusted.
struct HeldMail {
  std::string id;
  std::string sender;       // of the envelope; empty: the null path
  std::string header_from;  // as it stands in the field, encoded or not
  std::string subject;      // likewise
  std::string reason;       // of whoever held it back
  WallTime received{};
  std::uint64_t size_octets = 0;
  bool may_release = true;  // by who it is for
};

// What was held back for somebody, told to him.
struct HeldDigest {
  std::string from;        // address
  std::string to;          // address, and the name to log in by
  std::string hostname;    // that holds it
  std::string message_id;  // "left@right"
  WallTime date{};
  std::vector<HeldMail> mails;
  std::uint64_t left_out = 0;  // further ones
  std::string url;             // of his quarantine, as users see it; empty: there is none
  std::string postmaster;      // whom else to ask
  Duration kept{};             // until it is deleted; 0: it is not
};

inline constexpr std::size_t held_text_octets_max = 120;  // of what a stranger wrote, in one line

// A message of RFC 5322, which says that it comes from a machine (RFC 3834 5). What strangers wrote
// stands in one line of so many octets each, without control characters, marks that change
// direction or links to click on.
[[nodiscard]] std::string encode_held_digest(const HeldDigest& digest);

}  // namespace postrider::report
