#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postrider::imap {

// RFC 4314 2.1, each with its letter.
enum class Right : std::uint16_t {
  lookup = 1,             // l
  read = 2,               // r
  seen = 4,               // s
  write = 8,              // w
  insert = 16,            // i
  post = 32,              // p
  create = 64,            // k
  remove = 128,           // x: the mailbox
  delete_messages = 256,  // t
  expunge = 512,          // e
  administer = 1024,      // a
};

class Rights {
 public:
  constexpr Rights() = default;
  constexpr Rights(std::initializer_list<Right> list) {
    for (const Right one : list) {
      bits_ |= static_cast<std::uint16_t>(one);
    }
  }
  [[nodiscard]] static constexpr Rights all() {
    Rights rights;
    rights.bits_ = 2047;
    return rights;
  }
  [[nodiscard]] constexpr bool has(Right one) const {
    return (bits_ & static_cast<std::uint16_t>(one)) != 0;
  }
  [[nodiscard]] constexpr bool has_all(Rights others) const {
    return (bits_ & others.bits_) == others.bits_;
  }
  [[nodiscard]] constexpr bool has_any(Rights others) const { return (bits_ & others.bits_) != 0; }
  [[nodiscard]] constexpr bool is_empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr Rights with(Rights others) const {
    Rights rights = *this;
    rights.bits_ |= others.bits_;
    return rights;
  }
  [[nodiscard]] constexpr Rights without(Rights others) const {
    Rights rights = *this;
    rights.bits_ &= static_cast<std::uint16_t>(~others.bits_);
    return rights;
  }
  friend constexpr bool operator==(Rights, Rights) = default;

 private:
  std::uint16_t bits_ = 0;
};

// Letters, each once or more; "c" means "kx", "d" means "te" (RFC 4314 2.1.1). nullopt: another.
[[nodiscard]] std::optional<Rights> parse_rights(std::string_view letters);
// In the order of the RFC.
[[nodiscard]] std::string encode_rights(Rights rights);
// With "c" and "d" where a response has to have them (RFC 4314 2.1.1).
[[nodiscard]] std::string encode_told_rights(Rights rights);

inline constexpr std::size_t access_entries_max = 128;     // of one mailbox: more is a group's work
inline constexpr std::size_t identifier_octets_max = 321;  // "-" and an address
inline constexpr std::string_view anyone = "anyone";       // whoever has logged in

// Who may do what with a mailbox. Identifiers are account names or "anyone", or either with "-" in
// front: those are denied. The owner has all rights unless the list says otherwise, and always
// "l" and "a", so that nobody locks himself out.
class AccessList {
 public:
  using Entry = std::pair<std::string, Rights>;

  // As encode() has written it; nullopt: not so.
  [[nodiscard]] static std::optional<AccessList> parse(std::string_view text);
  // Empty: of an empty list.
  [[nodiscard]] std::string encode() const;

  [[nodiscard]] Rights rights_of(std::string_view user, std::string_view owner) const;
  // By the identifier's own entry.
  [[nodiscard]] Rights entry_of(std::string_view identifier, std::string_view owner) const;
  // False: there would be too many.
  [[nodiscard]] bool set(std::string_view identifier, Rights rights, std::string_view owner);
  // For GETACL: the owner's first, then the others in the order in which they came.
  [[nodiscard]] std::vector<Entry> told(std::string_view owner) const;
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

  // What the owner can't lose.
  [[nodiscard]] static constexpr Rights kept_by_owner() {
    return {Right::lookup, Right::administer};
  }

 private:
  [[nodiscard]] const Entry* find(std::string_view identifier) const;
  std::vector<Entry> entries_;
};

}  // namespace postrider::imap
