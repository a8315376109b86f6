#include <postrider/base/der.hpp>

namespace postrider {
namespace {

constexpr std::uint8_t octet_at(std::string_view octets, std::size_t at) {
  return static_cast<std::uint8_t>(octets[at]);
}

}  // namespace

std::optional<std::uint8_t> DerReader::peek() const {
  return rest_.empty() ? std::nullopt : std::optional(octet_at(rest_, 0));
}

std::optional<DerElement> DerReader::next() {
  if (rest_.size() < 2 || (octet_at(rest_, 0) & 0x1f) == 0x1f) {
    return std::nullopt;
  }
  std::size_t length = octet_at(rest_, 1);
  std::size_t header = 2;
  if (length >= 0x80) {
    const std::size_t count = length & 0x7f;
    if (count == 0 || count > 4 || rest_.size() < 2 + count || octet_at(rest_, 2) == 0) {
      return std::nullopt;
    }
    length = 0;
    for (std::size_t i = 0; i < count; ++i) {
      length = length << 8 | octet_at(rest_, 2 + i);
    }
    if (length < 0x80) {
      return std::nullopt;  // not the shortest form
    }
    header += count;
  }
  if (rest_.size() - header < length) {
    return std::nullopt;
  }
  const DerElement element{.tag = octet_at(rest_, 0),
                           .content = rest_.substr(header, length),
                           .whole = rest_.substr(0, header + length)};
  rest_.remove_prefix(header + length);
  return element;
}

std::optional<DerElement> DerReader::next(std::uint8_t tag) {
  return peek() == tag ? next() : std::nullopt;
}

std::string encode_der(std::uint8_t tag, std::string_view content) {
  std::string out(1, static_cast<char>(tag));
  if (content.size() < 0x80) {
    out += static_cast<char>(content.size());
  } else {
    std::string length;
    for (auto rest = content.size(); rest > 0; rest >>= 8) {
      length.insert(length.begin(), static_cast<char>(rest & 0xff));
    }
    out += static_cast<char>(0x80 | length.size());
    out += length;
  }
  out += content;
  return out;
}

}  // namespace postrider
