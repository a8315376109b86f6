#include <algorithm>
#include <charconv>

#include <postrider/base/ip_address.hpp>

namespace postrider {
namespace {

constexpr std::size_t v6_groups = 8;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_value(char c) {
  if (is_digit(c)) {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

// A decimal without sign or leading zero, at most `limit`.
std::optional<unsigned> parse_decimal(std::string_view text, unsigned limit) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0') ||
      !std::ranges::all_of(text, is_digit)) {
    return std::nullopt;
  }
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value <= limit ? std::optional(value) : std::nullopt;
}

// Dotted decimal, four parts, no leading zeros (inet_aton's octal and short forms have been used to
// slip past access lists).
bool parse_v4(std::string_view text, std::uint8_t* out) {
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t end = i < 3 ? text.find('.') : text.size();
    if (end == std::string_view::npos) {
      return false;
    }
    const auto octet = parse_decimal(text.substr(0, end), 255);
    if (!octet) {
      return false;
    }
    out[i] = static_cast<std::uint8_t>(*octet);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

struct Groups {
  std::array<std::uint8_t, 16> octets{};
  std::size_t used = 0;  // octets filled
};

// Colon-separated groups without "::"; the last may be dotted decimal (RFC 4291 2.2) where allowed.
bool parse_groups(std::string_view text, bool dotted_tail, Groups& out) {
  while (true) {
    const std::size_t end = std::min(text.find(':'), text.size());
    const std::string_view group = text.substr(0, end);
    const bool last = end == text.size();
    if (group.find('.') != std::string_view::npos) {
      if (!last || !dotted_tail || out.used + 4 > 16 || !parse_v4(group, &out.octets[out.used])) {
        return false;
      }
      out.used += 4;
      return true;
    }
    if (group.empty() || group.size() > 4 || out.used + 2 > 16) {
      return false;
    }
    unsigned value = 0;
    for (const char c : group) {
      const int digit = hex_value(c);
      if (digit < 0) {
        return false;
      }
      value = value * 16 + static_cast<unsigned>(digit);
    }
    out.octets[out.used++] = static_cast<std::uint8_t>(value >> 8);
    out.octets[out.used++] = static_cast<std::uint8_t>(value & 0xff);
    if (last) {
      return true;
    }
    text.remove_prefix(end + 1);
  }
}

std::optional<std::array<std::uint8_t, 16>> parse_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    Groups all;
    if (!parse_groups(text, true, all) || all.used != 16) {
      return std::nullopt;
    }
    return all.octets;
  }
  const std::string_view left = text.substr(0, gap);
  const std::string_view right = text.substr(gap + 2);
  Groups head;
  Groups tail;
  if ((!left.empty() && !parse_groups(left, false, head)) ||
      (!right.empty() && !parse_groups(right, true, tail)) || head.used + tail.used > 14) {
    return std::nullopt;
  }
  std::copy_n(tail.octets.begin(), tail.used, head.octets.end() - tail.used);
  return head.octets;
}

void append_decimal(std::string& out, unsigned value, int base = 10) {
  char buffer[8];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, base).ptr;
  out.append(buffer, end);
}

// Host bits of `octets` beyond `prefix`, all of them zero?
bool has_host_bits(const std::array<std::uint8_t, 16>& octets, std::size_t size, unsigned prefix) {
  for (std::size_t i = 0; i < size; ++i) {
    const unsigned covered =
        std::min(8U, prefix > i * 8 ? prefix - static_cast<unsigned>(i * 8) : 0U);
    if ((octets[i] & (0xffU >> covered)) != 0) {
      return true;
    }
  }
  return false;
}

unsigned width(IpFamily family) {
  return family == IpFamily::v4 ? 32 : 128;
}

}  // namespace

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> octets) {
  IpAddress address;
  std::ranges::copy(octets, address.octets_.begin());
  return address;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> octets) {
  static constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(mapped.begin(), mapped.end(), octets.begin())) {
    return v4({octets[12], octets[13], octets[14], octets[15]});
  }
  IpAddress address;
  address.family_ = IpFamily::v6;
  address.octets_ = octets;
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') != std::string_view::npos) {
    const auto octets = parse_v6(text);
    return octets ? std::optional(v6(*octets)) : std::nullopt;
  }
  std::array<std::uint8_t, 4> octets{};
  return parse_v4(text, octets.data()) ? std::optional(v4(octets)) : std::nullopt;
}

IpAddress IpAddress::loopback(IpFamily family) {
  return family == IpFamily::v4 ? v4({127, 0, 0, 1})
                                : v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

bool IpAddress::is_loopback() const {
  return family_ == IpFamily::v4 ? octets_[0] == 127 : *this == loopback(IpFamily::v6);
}

bool IpAddress::is_unspecified() const {
  return std::ranges::all_of(octets_, [](std::uint8_t octet) { return octet == 0; });
}

std::string IpAddress::text() const {
  std::string out;
  if (family_ == IpFamily::v4) {
    for (std::size_t i = 0; i < 4; ++i) {
      if (i > 0) {
        out += '.';
      }
      append_decimal(out, octets_[i]);
    }
    return out;
  }
  std::array<unsigned, v6_groups> groups;
  for (std::size_t i = 0; i < v6_groups; ++i) {
    groups[i] = static_cast<unsigned>(octets_[2 * i] << 8 | octets_[2 * i + 1]);
  }
  // The longest run of zero groups, the first of equals, is "::", never a single group (RFC 5952
  // 4.2).
  std::size_t best = v6_groups;
  std::size_t best_length = 1;
  for (std::size_t i = 0; i < v6_groups; ++i) {
    std::size_t length = 0;
    while (i + length < v6_groups && groups[i + length] == 0) {
      ++length;
    }
    if (length > best_length) {
      best = i;
      best_length = length;
    }
    i += length;
  }
  for (std::size_t i = 0; i < v6_groups; ++i) {
    if (i == best) {
      out += "::";
      i += best_length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') {
      out += ':';
    }
    append_decimal(out, groups[i], 16);
  }
  return out;
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  std::string_view host = text.substr(0, colon);
  const auto port = parse_decimal(text.substr(colon + 1), 65535);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  const bool has_colon = host.find(':') != std::string_view::npos;
  const auto ip = IpAddress::parse(host);
  if (!port || !ip || bracketed != has_colon) {
    return std::nullopt;
  }
  return SocketAddress{*ip, static_cast<std::uint16_t>(*port)};
}

std::string SocketAddress::text() const {
  std::string out = ip.family() == IpFamily::v6 ? "[" + ip.text() + "]" : ip.text();
  out += ':';
  append_decimal(out, port);
  return out;
}

// Host bits that are set are an error, not rounded away: "10.0.0.5/8" is more often a mistyped
// address than a wish to let in 16 million hosts.
std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  const auto base = IpAddress::parse(host);
  if (!base) {
    return std::nullopt;
  }
  const unsigned bits = width(base->family());
  unsigned prefix = bits;
  if (slash != std::string_view::npos) {
    const auto given = parse_decimal(text.substr(slash + 1), 128);
    // "::ffff:10.0.0.0/104" is 10.0.0.0/8.
    const bool mapped = base->family() == IpFamily::v4 && host.find(':') != std::string_view::npos;
    const unsigned offset = mapped ? 96 : 0;
    if (!given || *given < offset || *given - offset > bits) {
      return std::nullopt;
    }
    prefix = *given - offset;
  }
  if (has_host_bits(base->octets(), bits / 8, prefix)) {
    return std::nullopt;
  }
  IpNetwork network;
  network.base_ = *base;
  network.prefix_ = static_cast<std::uint8_t>(prefix);
  return network;
}

bool IpNetwork::contains(const IpAddress& address) const {
  if (address.family() != base_.family()) {
    return false;
  }
  for (std::size_t i = 0; i * 8 < prefix_; ++i) {
    const unsigned covered = std::min(8U, prefix_ - static_cast<unsigned>(i * 8));
    const unsigned mask = 0xff00U >> covered & 0xffU;
    if (((address.octets()[i] ^ base_.octets()[i]) & mask) != 0) {
      return false;
    }
  }
  return true;
}

std::string IpNetwork::text() const {
  std::string out = base_.text();
  if (prefix_ != width(base_.family())) {
    out += '/';
    append_decimal(out, prefix_);
  }
  return out;
}

}  // namespace postrider
