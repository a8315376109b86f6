#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/assert.hpp>
#include <postrider/net/tls_dane.hpp>

using namespace postrider;

namespace {

// Pieces of the input, each behind two octets with its length.
std::string take(std::string_view& octets) {
  if (octets.size() < 2) {
    octets = {};
    return {};
  }
  const auto size = static_cast<std::size_t>(static_cast<unsigned char>(octets[0]) << 8 |
                                             static_cast<unsigned char>(octets[1]));
  octets.remove_prefix(2);
  std::string piece(octets.substr(0, size));
  octets.remove_prefix(piece.size());
  return piece;
}

}  // namespace

// A chain and a set of records, of which the first repeats whole certificates of the chain.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view octets(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> chain;
  std::vector<dns::Tlsa> records;
  const auto certificates = octets.empty() ? 0U : static_cast<unsigned char>(octets[0]) % 4U;
  octets.remove_prefix(octets.empty() ? 0 : 1);
  for (unsigned i = 0; i < certificates; ++i) {
    chain.push_back(take(octets));
    records.push_back({.usage = 2, .selector = 0, .matching_type = 0, .data = chain.back()});
  }
  while (octets.size() > 3) {
    const auto field = [&octets](std::size_t at) { return static_cast<std::uint8_t>(octets[at]); };
    dns::Tlsa record{
        .usage = field(0), .selector = field(1), .matching_type = field(2), .data = {}};
    octets.remove_prefix(3);
    record.data = take(octets);
    records.push_back(std::move(record));
  }
  const WallTime now{std::chrono::hours(24 * 365 * 56)};
  const auto result = net::verify_dane(chain, records, {"mx.example.org"}, now);
  check(!result.text.empty(), "every verdict has its reason");
  check(result.verdict != net::DaneVerdict::matched || !chain.empty(), "nobody is not matched");
  return 0;
}
