#include <array>
#include <cstddef>

#include <postrider/base/text.hpp>
#include <postrider/policy/app_password.hpp>

namespace postrider::policy {

namespace {

// Without 0, 1, l and o, which look like others.
constexpr std::string_view alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
constexpr std::size_t letters = 20;
constexpr std::size_t group = 5;
static_assert(alphabet.size() == 32);

}  // namespace

std::string make_app_password(Random& random) {
  std::array<std::byte, letters> octets{};
  random.fill(octets);
  std::string out;
  for (std::size_t i = 0; i < letters; ++i) {
    if (i > 0 && i % group == 0) {
      out += '-';
    }
    out += alphabet[std::to_integer<std::size_t>(octets[i]) % alphabet.size()];
  }
  return out;
}

std::optional<std::string> canonical_app_password(std::string_view given) {
  std::string out;
  for (const char c : given) {
    if (c == '-' || c == ' ') {
      continue;
    }
    out += ascii_lower(c);
    if (out.size() > letters || alphabet.find(out.back()) == alphabet.npos) {
      return std::nullopt;
    }
  }
  return out.size() == letters ? std::optional(out) : std::nullopt;
}

}  // namespace postrider::policy
