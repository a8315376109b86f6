#include "tally.hpp"

#include <string>
#include <tsl/robin_set.h>

#include <postrider/base/text.hpp>

namespace postrider::tools {

namespace {

constexpr std::uint64_t mix(std::uint64_t value) {
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93ULL;
  value ^= value >> 32;
  value *= 0xd6e8feb86659fd93ULL;
  return value ^ (value >> 32);
}

std::uint64_t hash_recipient(std::string_view address) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const char c : address) {
    hash = (hash ^ static_cast<unsigned char>(ascii_lower(c))) * 0x100000001b3ULL;
  }
  return hash;
}

struct AsItIs {
  std::size_t operator()(std::uint64_t hash) const { return hash; }
};

}  // namespace

struct Tally::Seen {
  tsl::robin_set<std::uint64_t, AsItIs> deliveries;
};

Tally::Tally() : seen_(std::make_unique<Seen>()) {}
Tally::Tally(Tally&&) noexcept = default;
Tally::~Tally() = default;

std::uint64_t Tally::add(const std::optional<LoadId>& id,
                         const std::vector<std::string>& recipients, std::uint64_t octets) {
  ++counts_.messages;
  counts_.octets += octets;
  if (!id) {
    ++counts_.without_id;
    return 0;
  }
  const std::uint64_t before = counts_.distinct;
  const std::uint64_t message = mix(id->run) ^ mix(~id->sequence);
  for (const auto& recipient : recipients) {
    ++counts_.deliveries;
    const bool is_new = seen_->deliveries.insert(mix(message + hash_recipient(recipient))).second;
    ++(is_new ? counts_.distinct : counts_.duplicates);
  }
  return counts_.distinct - before;
}

}  // namespace postrider::tools
