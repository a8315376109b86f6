#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::imap {

// RFC 9051 2.3.2. The bits are those of the store's SystemFlag.
struct SystemFlag {
  static constexpr std::uint8_t seen = 1, answered = 2, flagged = 4, deleted = 8, draft = 16;
  // RFC 3501 2.3.2: of one session's view, not the store's, and no client sets it.
  static constexpr std::uint8_t recent = 32;
};

struct Flags {
  std::uint8_t system = 0;            // SystemFlag
  std::vector<std::string> keywords;  // as written; unique without regard to case
  friend bool operator==(const Flags&, const Flags&) = default;
};

// "\Seen" in any case; not "\Recent".
[[nodiscard]] std::optional<std::uint8_t> parse_system_flag(std::string_view name);
// A flag-keyword of RFC 9051 9: an atom; "]" may not stand in it.
[[nodiscard]] bool is_keyword(std::string_view text);
// `\Seen \Flagged $Forwarded`: separated by blanks, without parentheses.
void encode_flags(const Flags& flags, std::string& out);

// RFC 6154 2, RFC 8457: how a mailbox is used.
enum class SpecialUse : std::uint8_t {
  none,
  all,
  archive,
  drafts,
  flagged,
  junk,
  sent,
  trash,
  important,
};
// "\Drafts"; empty for none.
[[nodiscard]] std::string_view name_of(SpecialUse use);
[[nodiscard]] std::optional<SpecialUse> parse_special_use(std::string_view name);

}  // namespace postrider::imap
