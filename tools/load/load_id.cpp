#include "load_id.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

#include <postrider/base/text.hpp>

namespace postrider::tools {

namespace {

template <class T>
bool parse_digits(std::string_view text, int base, T& out) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && stop == text.data() + text.size();
}

}  // namespace

std::uint64_t load_due(WallTime time) {
  const auto since = std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch());
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, since.count()));
}

WallTime due_time(LoadId id) {
  return WallTime(std::chrono::microseconds(static_cast<std::int64_t>(id.due_us)));
}

std::string encode_load_id(LoadId id) {
  return fmt::format("{:016x}-{:012}-{:016}", id.run, id.sequence % 1'000'000'000'000,
                     id.due_us % 10'000'000'000'000'000);
}

std::optional<LoadId> parse_load_id(std::string_view value) {
  LoadId id;
  if (value.size() != load_id_octets || value[16] != '-' || value[29] != '-' ||
      !parse_digits(value.substr(0, 16), 16, id.run) ||
      !parse_digits(value.substr(17, 12), 10, id.sequence) ||
      !parse_digits(value.substr(30), 10, id.due_us)) {
    return std::nullopt;
  }
  return id;
}

void LoadIdFinder::feed(std::string_view octets) {
  if (over_) {
    return;
  }
  header_ += octets;
  // Whole lines only: the last one may go on in the next piece.
  std::string_view rest = header_;
  for (auto end = rest.find("\r\n"); end != rest.npos; end = rest.find("\r\n")) {
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    if (starts_with_ignoring_case(line, load_id_field)) {
      id_ = parse_load_id(line.substr(load_id_field.size()));
    }
    if (line.empty() || id_) {
      over_ = true;
      return;
    }
  }
  header_.erase(0, header_.size() - rest.size());
  over_ = header_.size() > header_octets_max;
}

void LoadIdFinder::reset() {
  over_ = false;
  id_.reset();
  header_.clear();
}

}  // namespace postrider::tools
