#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::dns {

// A domain name as DNSSEC computes with it: uncompressed wire form in lower case (RFC 4034 6.2).
// Always well-formed; the root by default.
class WireName {
 public:
  WireName() : octets_(1, '\0') {}
  // In: what canonical_name() gives, or any name as text. nullopt: no name.
  [[nodiscard]] static std::optional<WireName> from_text(std::string_view text);
  // The uncompressed name that `octets` begins with; nullopt: none, or with a pointer in it.
  [[nodiscard]] static std::optional<WireName> read(std::string_view octets);

  [[nodiscard]] const std::string& octets() const { return octets_; }
  [[nodiscard]] std::string text() const;   // canonical_name()'s form
  [[nodiscard]] std::string shown() const;  // for people: the root is "."

  // RFC 4034 3.1.3: without the root, and without the "*" that may stand first.
  [[nodiscard]] std::size_t signed_labels() const { return labels() - (is_wildcard() ? 1U : 0U); }
  [[nodiscard]] std::size_t labels() const;
  [[nodiscard]] bool is_root() const { return octets_.size() == 1; }
  [[nodiscard]] bool is_wildcard() const { return octets_.starts_with("\1*"); }
  // The first label's octets, without its length; empty for the root. Valid as long as the name.
  [[nodiscard]] std::string_view first_label() const;

  // The last `count` labels; all of them if there are no more.
  [[nodiscard]] WireName last(std::size_t count) const;
  [[nodiscard]] WireName parent() const;  // of the root: the root
  // "*." before the name; nullopt: too long.
  [[nodiscard]] std::optional<WireName> wildcard() const;
  // The name with `prefix`'s labels before its own, `prefix` losing the labels of `under` at its
  // end (RFC 6672 2.2); nullopt: too long, or `prefix` is not below `under`.
  [[nodiscard]] std::optional<WireName> with_prefix_of(const WireName& prefix,
                                                       const WireName& under) const;

  [[nodiscard]] bool is_at_or_below(const WireName& ancestor) const;
  [[nodiscard]] bool is_below(const WireName& ancestor) const {
    return octets_.size() > ancestor.octets_.size() && is_at_or_below(ancestor);
  }

  friend bool operator==(const WireName&, const WireName&) = default;
  // Canonical order (RFC 4034 6.1).
  friend std::strong_ordering operator<=>(const WireName& a, const WireName& b);

 private:
  explicit WireName(std::string octets) : octets_(std::move(octets)) {}
  std::string octets_;
};

// The longest name that both are at or below.
[[nodiscard]] WireName common_ancestor(const WireName& a, const WireName& b);

}  // namespace postrider::dns
