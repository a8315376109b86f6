#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::imap {

// What a server can offer, each a word (or a few) of the CAPABILITY response.
enum class Capability : std::uint8_t {
  imap4rev2,
  imap4rev1,
  literal_plus,
  literal_minus,
  sasl_ir,
  id,
  enable,
  idle,
  name_space,
  children,
  unselect,
  uidplus,
  move,
  special_use,
  create_special_use,
  list_extended,
  list_status,
  list_myrights,
  status_size,
  status_deleted,
  condstore,
  qresync,
  esearch,
  searchres,
  search_fuzzy,
  sort,
  sort_display,
  esort,
  thread,
  within,
  multisearch,
  partial,
  i18n_level,
  binary,
  multiappend,
  replace,
  append_limit,
  compress,
  quota,
  acl,
  metadata,
  notify,
  object_id,
  save_date,
  preview,
  utf8_accept,
  in_progress,
  uid_batches,
  message_limit,
  unauthenticate,
};
inline constexpr std::size_t capability_count =
    static_cast<std::size_t>(Capability::unauthenticate) + 1;

class CapabilitySet {
 public:
  constexpr CapabilitySet() = default;
  constexpr CapabilitySet(std::initializer_list<Capability> list) {
    for (const Capability one : list) {
      add(one);
    }
  }
  [[nodiscard]] static constexpr CapabilitySet all() {
    CapabilitySet set;
    set.bits_ = (1ULL << capability_count) - 1;
    return set;
  }
  constexpr void add(Capability one) { bits_ |= 1ULL << static_cast<unsigned>(one); }
  constexpr void remove(Capability one) { bits_ &= ~(1ULL << static_cast<unsigned>(one)); }
  [[nodiscard]] constexpr bool has(Capability one) const {
    return (bits_ >> static_cast<unsigned>(one) & 1) != 0;
  }
  [[nodiscard]] constexpr CapabilitySet without(CapabilitySet others) const {
    CapabilitySet set;
    set.bits_ = bits_ & ~others.bits_;
    return set;
  }
  friend constexpr bool operator==(const CapabilitySet&, const CapabilitySet&) = default;

 private:
  std::uint64_t bits_ = 0;
};
static_assert(capability_count < 64);

// "COMPRESS=DEFLATE", "ACL", in any case: how an operator names one to switch it off.
[[nodiscard]] std::optional<Capability> parse_capability(std::string_view word);
[[nodiscard]] std::string_view name_of(Capability capability);

// What the words depend on beside the set.
struct CapabilityContext {
  bool logged_in = false;
  bool starttls = false;            // it can be said now
  bool login_disabled = false;      // RFC 9051 6.2.3
  std::string_view mechanisms;      // " AUTH=PLAIN": each with a blank in front
  std::uint64_t append_limit = 0;   // RFC 7889
  std::uint32_t message_limit = 0;  // RFC 9738; 0: none
};
// "IMAP4rev2 IMAP4rev1 ...", without "CAPABILITY" in front.
[[nodiscard]] std::string encode_capabilities(CapabilitySet set, const CapabilityContext& context);

}  // namespace postrider::imap
