#include <algorithm>
#include <array>

#include <postrider/base/assert.hpp>
#include <postrider/base/ids.hpp>

namespace postrider {

namespace {

constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t text_length = 13;

constexpr unsigned core_shift = 16;
constexpr unsigned millis_shift = 22;
constexpr std::uint64_t max_sequence = (1ULL << core_shift) - 1;
constexpr std::uint64_t max_core = (1ULL << (millis_shift - core_shift)) - 1;
constexpr std::uint64_t max_millis = (1ULL << (64 - millis_shift)) - 1;

constexpr WallTime epoch{std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)};

// Letters that a person may read or type for a digit stand for it.
std::optional<std::uint64_t> value_of(char c) {
  c = static_cast<char>(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c);
  if (c == 'O') {
    c = '0';
  } else if (c == 'I' || c == 'L') {
    c = '1';
  }
  const std::size_t at = crockford.find(c);
  return at == std::string_view::npos ? std::nullopt : std::optional<std::uint64_t>(at);
}

}  // namespace

std::string MessageId::text() const {
  std::string out(text_length, '0');
  std::uint64_t rest = value_;
  for (std::size_t i = text_length; i-- > 0; rest >>= 5) {
    out[i] = crockford[rest & 31];
  }
  return out;
}

std::optional<MessageId> MessageId::parse(std::string_view text) {
  if (text.size() != text_length) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto digit = value_of(c);
    if (!digit || value >> 59 != 0) {  // 13 digits hold 65 bits
      return std::nullopt;
    }
    value = value << 5 | *digit;
  }
  return MessageId(value);
}

WallTime MessageId::created() const {
  return epoch + std::chrono::milliseconds(value_ >> millis_shift);
}

MessageId MessageIdSource::next(WallTime now) {
  check(core_ <= max_core, "ids have room for 64 cores");
  const std::uint64_t last_millis = last_ >> millis_shift;
  const std::int64_t since =
      std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count() -
      unix_millis(epoch);
  std::uint64_t millis = since < 0 ? 0 : std::min(static_cast<std::uint64_t>(since), max_millis);
  std::uint64_t sequence = 0;
  if (millis <= last_millis) {
    millis = last_millis;
    sequence = (last_ & max_sequence) + 1;
    // Another core made the last id (it came from the store), or this millisecond is used up.
    if ((last_ >> core_shift & max_core) != core_ || sequence > max_sequence) {
      millis += 1;
      sequence = 0;
    }
  }
  check(millis <= max_millis, "message ids are used up");
  last_ = millis << millis_shift | core_ << core_shift | sequence;
  if (last_ == 0) {  // the null id
    last_ = 1;
  }
  return MessageId(last_);
}

}  // namespace postrider
