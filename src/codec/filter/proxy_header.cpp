#include <algorithm>
#include <array>
#include <vector>

#include <postrider/base/text.hpp>
#include <postrider/codec/filter/proxy_header.hpp>

namespace postrider::filter {
namespace {

using Parsed = Result<std::optional<ProxyHeaderFound>, ProxyFailure>;

constexpr std::string_view v1_begin = "PROXY ";
constexpr std::string_view v2_begin("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t v2_fixed_octets = 16;  // signature, version and command, family, length
constexpr std::uint8_t tlv_crc32c = 0x03;

std::uint8_t octet(std::string_view octets, std::size_t at) {
  return static_cast<std::uint8_t>(octets[at]);
}

std::uint16_t number16(std::string_view octets, std::size_t at) {
  return static_cast<std::uint16_t>(octet(octets, at) << 8 | octet(octets, at + 1));
}

template <std::size_t Size>
std::array<std::uint8_t, Size> array_at(std::string_view octets, std::size_t at) {
  std::array<std::uint8_t, Size> out{};
  for (std::size_t i = 0; i < Size; ++i) {
    out[i] = octet(octets, at + i);
  }
  return out;
}

// "0" or digits that begin with another: what every reader reads alike.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_decimal(text);
  const bool is_plain = text.size() <= 5 && (text == "0" || !text.starts_with('0'));
  return port && is_plain && *port <= 65'535 ? std::optional(static_cast<std::uint16_t>(*port))
                                             : std::nullopt;
}

std::optional<ProxyHeader> parse_v1_line(std::string_view line) {
  const std::vector<std::string_view> words = split(line, ' ');
  if (words.size() >= 2 && words[1] == "UNKNOWN") {
    return ProxyHeader{};
  }
  if (words.size() != 6 || (words[1] != "TCP4" && words[1] != "TCP6")) {
    return std::nullopt;
  }
  const bool is_v4 = words[1] == "TCP4";
  const auto source = IpAddress::parse(words[2]);
  const auto destination = IpAddress::parse(words[3]);
  const auto source_port = parse_port(words[4]);
  const auto destination_port = parse_port(words[5]);
  if (!source || !destination || !source_port || !destination_port ||
      words[2].contains(':') == is_v4 || words[3].contains(':') == is_v4) {
    return std::nullopt;
  }
  return ProxyHeader{SocketAddress{*source, *source_port},
                     SocketAddress{*destination, *destination_port}};
}

Parsed parse_v1(std::string_view octets) {
  const std::string_view most = octets.substr(0, proxy_v1_octets_max);
  const std::size_t end = most.find("\r\n");
  if (end == most.npos) {
    return octets.size() >= proxy_v1_octets_max ? Parsed(failure(ProxyFailure::too_long))
                                                : std::nullopt;
  }
  const auto header = parse_v1_line(most.substr(0, end));
  if (!header) {
    return failure(ProxyFailure::malformed);
  }
  return ProxyHeaderFound{*header, end + 2};
}

// CRC-32C (Castagnoli), reflected, a bit at a time: a header is short.
class Crc32c {
 public:
  void update(std::uint8_t value) {
    crc_ ^= value;
    for (int bit = 0; bit < 8; ++bit) {
      crc_ = (crc_ >> 1) ^ ((crc_ & 1U) != 0 ? 0x82f63b78U : 0U);
    }
  }
  [[nodiscard]] std::uint32_t value() const { return ~crc_; }

 private:
  std::uint32_t crc_ = ~0U;
};

// Over the whole header, with zeros where it stands itself.
bool is_checksum_right(std::string_view header, std::size_t at) {
  Crc32c crc;
  for (std::size_t i = 0; i < header.size(); ++i) {
    crc.update(i >= at && i < at + 4 ? 0 : octet(header, i));
  }
  const std::uint32_t said = static_cast<std::uint32_t>(number16(header, at)) << 16 |
                             static_cast<std::uint32_t>(number16(header, at + 2));
  return crc.value() == said;
}

bool are_tlvs_sound(std::string_view header, std::size_t at) {
  while (at < header.size()) {
    if (header.size() - at < 3) {
      return false;
    }
    const std::size_t length = number16(header, at + 1);
    if (length > header.size() - at - 3) {
      return false;
    }
    if (octet(header, at) == tlv_crc32c && (length != 4 || !is_checksum_right(header, at + 3))) {
      return false;
    }
    at += 3 + length;
  }
  return true;
}

Parsed parse_v2(std::string_view octets) {
  if (octets.size() < v2_fixed_octets) {
    return std::nullopt;
  }
  const std::uint8_t version_command = octet(octets, 12);
  const std::uint8_t family = octet(octets, 13);
  const std::size_t size = v2_fixed_octets + number16(octets, 14);
  if (version_command != 0x20 && version_command != 0x21) {
    return failure(ProxyFailure::malformed);
  }
  if (size > proxy_v2_octets_max) {
    return failure(ProxyFailure::too_long);
  }
  if (octets.size() < size) {
    return std::nullopt;
  }
  const std::string_view header = octets.substr(0, size);
  if (version_command == 0x20) {  // LOCAL: whatever else it says is skipped
    return ProxyHeaderFound{{}, size};
  }
  if (family != 0x11 && family != 0x21) {  // not TCP: nothing that we could know a client by
    return ProxyHeaderFound{{}, size};
  }
  const std::size_t length = family == 0x11 ? 4 : 16;
  const std::size_t addresses = 2 * length + 4;
  if (size < v2_fixed_octets + addresses || !are_tlvs_sound(header, v2_fixed_octets + addresses)) {
    return failure(ProxyFailure::malformed);
  }
  const auto address_at = [&](std::size_t at) {
    return family == 0x11 ? IpAddress::v4(array_at<4>(header, at))
                          : IpAddress::v6(array_at<16>(header, at));
  };
  const std::size_t ports = v2_fixed_octets + 2 * length;
  return ProxyHeaderFound{
      {SocketAddress{address_at(v2_fixed_octets), number16(header, ports)},
       SocketAddress{address_at(v2_fixed_octets + length), number16(header, ports + 2)}},
      size};
}

}  // namespace

std::string_view describe(ProxyFailure failure) {
  switch (failure) {
    case ProxyFailure::none_there:
      return "there is no PROXY header";
    case ProxyFailure::malformed:
      return "the PROXY header breaks the syntax";
    case ProxyFailure::too_long:
      return "the PROXY header is too long";
  }
  return "";
}

Result<std::optional<ProxyHeaderFound>, ProxyFailure> parse_proxy_header(std::string_view octets) {
  if (octets.empty()) {
    return std::nullopt;
  }
  const std::string_view begin = octets.front() == v1_begin.front() ? v1_begin : v2_begin;
  const std::size_t common = std::min(begin.size(), octets.size());
  if (octets.substr(0, common) != begin.substr(0, common)) {
    return failure(ProxyFailure::none_there);
  }
  if (octets.size() < begin.size()) {
    return std::nullopt;
  }
  return begin == v1_begin ? parse_v1(octets) : parse_v2(octets);
}

std::string encode_proxy_v1(const SocketAddress& source, const SocketAddress& destination) {
  std::string out(v1_begin);
  out += source.ip.family() == IpFamily::v4 ? "TCP4 " : "TCP6 ";
  out += source.ip.text() + ' ' + destination.ip.text() + ' ' + std::to_string(source.port) + ' ' +
         std::to_string(destination.port) + "\r\n";
  return out;
}

std::string encode_proxy_v2(const SocketAddress& source, const SocketAddress& destination) {
  const bool is_v4 = source.ip.family() == IpFamily::v4;
  const std::size_t length = is_v4 ? 4 : 16;
  std::string out(v2_begin);
  out += '\x21';
  out += is_v4 ? '\x11' : '\x21';
  out += '\0';
  out += static_cast<char>(2 * length + 4);
  for (const SocketAddress* end : {&source, &destination}) {
    for (std::size_t i = 0; i < length; ++i) {
      out += static_cast<char>(end->ip.octets()[i]);
    }
  }
  for (const SocketAddress* end : {&source, &destination}) {
    out += static_cast<char>(end->port >> 8);
    out += static_cast<char>(end->port & 0xff);
  }
  return out;
}

}  // namespace postrider::filter
