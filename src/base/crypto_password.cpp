#include <argon2.h>
#include <array>
#include <optional>

#include <postrider/base/assert.hpp>
#include <postrider/base/password_hash.hpp>
#include <postrider/base/text.hpp>

namespace postrider {
namespace {

constexpr std::size_t salt_octets = 16;
constexpr std::size_t hash_octets = 32;
constexpr std::uint64_t memory_limit_kib = 256 * 1024;
constexpr std::uint64_t passes_limit = 16;
constexpr std::uint64_t lanes_limit = 16;
constexpr std::size_t phc_limit_bytes = 512;

std::optional<argon2_type> type_of(std::string_view phc) {
  if (phc.starts_with("$argon2id$")) {
    return Argon2_id;
  }
  if (phc.starts_with("$argon2i$")) {
    return Argon2_i;
  }
  if (phc.starts_with("$argon2d$")) {
    return Argon2_d;
  }
  return std::nullopt;
}

// The library would obey any cost that a stored (perhaps imported) text asks for. Looks at the
// field `m=..,t=..,p=..`; the rest of the syntax is the library's affair.
bool is_affordable(std::string_view phc) {
  const auto at = phc.find("$m=");
  if (at == std::string_view::npos) {
    return false;
  }
  const auto field = phc.substr(at + 1, phc.find('$', at + 1) - at - 1);
  const auto parts = split(field, ',');
  const std::array<std::pair<std::string_view, std::uint64_t>, 3> limits{
      {{"m=", memory_limit_kib}, {"t=", passes_limit}, {"p=", lanes_limit}}};
  if (parts.size() != limits.size()) {
    return false;
  }
  for (std::size_t i = 0; i < limits.size(); ++i) {
    if (!parts[i].starts_with(limits[i].first)) {
      return false;
    }
    const auto value = parse_decimal(parts[i].substr(limits[i].first.size()));
    if (!value || *value > limits[i].second) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string hash_password(std::string_view password, Random& random, Argon2Cost cost) {
  if (password.size() > password_limit_bytes) {
    return {};
  }
  std::array<std::byte, salt_octets> salt;
  random.fill(salt);
  std::string phc(argon2_encodedlen(cost.passes, cost.memory_kib, cost.lanes, salt_octets,
                                    hash_octets, Argon2_id),
                  '\0');
  const int outcome = argon2id_hash_encoded(cost.passes, cost.memory_kib, cost.lanes,
                                            password.data(), password.size(), salt.data(),
                                            salt.size(), hash_octets, phc.data(), phc.size());
  if (outcome != ARGON2_OK) {
    return {};  // out of memory: the caller stores nothing and reports
  }
  phc.resize(phc.find('\0'));
  return phc;
}

PasswordVerdict verify_password(std::string_view phc, std::string_view password) {
  const auto type = type_of(phc);
  if (!type || phc.size() > phc_limit_bytes || !is_affordable(phc)) {
    return PasswordVerdict::unusable;
  }
  if (password.size() > password_limit_bytes) {
    return PasswordVerdict::mismatch;
  }
  const std::string terminated(phc);
  switch (argon2_verify(terminated.c_str(), password.data(), password.size(), *type)) {
    case ARGON2_OK:
      return PasswordVerdict::match;
    case ARGON2_VERIFY_MISMATCH:
      return PasswordVerdict::mismatch;
    default:
      return PasswordVerdict::unusable;
  }
}

void spend_password_time(std::string_view password, Argon2Cost cost) {
  constexpr std::array<char, salt_octets> salt{};
  std::array<char, hash_octets> hash;
  // The outcome does not matter: it is the time that counts.
  (void)argon2id_hash_raw(cost.passes, cost.memory_kib, cost.lanes, password.data(),
                          std::min(password.size(), password_limit_bytes), salt.data(), salt.size(),
                          hash.data(), hash.size());
}

}  // namespace postrider
