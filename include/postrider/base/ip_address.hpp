#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider {

enum class IpFamily : std::uint8_t { v4, v6 };

// An IPv4 or IPv6 address, a value. IPv4-mapped IPv6 addresses are turned into IPv4 on entry.
class IpAddress {
 public:
  constexpr IpAddress() = default;  // 0.0.0.0
  [[nodiscard]] static IpAddress v4(std::array<std::uint8_t, 4> octets);
  [[nodiscard]] static IpAddress v6(std::array<std::uint8_t, 16> octets);
  // "192.0.2.1", "2001:db8::1"; no brackets, no zone.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
  [[nodiscard]] static IpAddress loopback(IpFamily family = IpFamily::v4);

  [[nodiscard]] constexpr IpFamily family() const { return family_; }
  // Network order; 4 octets for v4 (the rest is zero).
  [[nodiscard]] constexpr const std::array<std::uint8_t, 16>& octets() const { return octets_; }
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] std::string text() const;  // RFC 5952 for IPv6
  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  IpFamily family_ = IpFamily::v4;
  std::array<std::uint8_t, 16> octets_{};
};

struct SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;
  // "192.0.2.1:25", "[2001:db8::1]:25".
  [[nodiscard]] static std::optional<SocketAddress> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  friend constexpr auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

// "10.0.0.0/8", "2001:db8::/32", or a single address.
class IpNetwork {
 public:
  [[nodiscard]] static std::optional<IpNetwork> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] std::string text() const;
  friend auto operator<=>(const IpNetwork&, const IpNetwork&) = default;

 private:
  IpAddress base_;
  std::uint8_t prefix_ = 0;
};

}  // namespace postrider

template <>
struct std::hash<postrider::IpAddress> {
  std::size_t operator()(const postrider::IpAddress& address) const noexcept {
    return std::hash<std::string_view>{}(
        std::string_view(reinterpret_cast<const char*>(address.octets().data()), 16));
  }
};
