#include "load_id.hpp"

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

std::string encode_load_id(LoadId id) {
  return fmt::format("{:016x}-{:012}", id.run, id.sequence % 1'000'000'000'000);
}

std::optional<LoadId> parse_load_id(std::string_view value) {
  LoadId id;
  if (value.size() != load_id_octets || value[16] != '-' ||
      !parse_digits(value.substr(0, 16), 16, id.run) ||
      !parse_digits(value.substr(17), 10, id.sequence)) {
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
