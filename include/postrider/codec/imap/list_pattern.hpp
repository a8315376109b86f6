#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::imap {

// A mailbox name pattern of LIST (RFC 9051 6.3.9): "*" stands for anything, "%" for anything
// without a hierarchy separator. INBOX matches in any case.
// Cost: of one match, one step a 64 octets of pattern for each octet of the name, whatever the
// wildcards: it never goes back.
class ListPattern {
 public:
  // In: reference and pattern joined, in UTF-8.
  explicit ListPattern(std::string_view pattern);
  [[nodiscard]] bool matches(std::string_view name) const;

 private:
  using Words = std::vector<std::uint64_t>;
  // Positions of the pattern as bits. Each wildcard is a position that can also be left at once.
  std::size_t words_ = 0;
  std::array<std::uint16_t, 256> slot_{};  // of masks_; 0: in no position
  std::vector<Words> masks_;               // positions that hold the octet
  Words any_;                              // positions of "*"
  Words level_;                            // positions of "%"
  std::size_t end_ = 0;                    // the position past the last
};

// RFC 9051 6.3.9: the reference is put before the pattern, unless that begins at the root.
[[nodiscard]] std::string join_reference(std::string_view reference, std::string_view pattern);

}  // namespace postrider::imap
