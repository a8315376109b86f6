#pragma once

#include <functional>
#include <string>
#include <vector>

#include <postrider/base/random.hpp>

namespace postrider {

// Calls `claim` with the octets whole, cut at every point, one by one, and at random points.
inline void for_every_split(const std::string& octets,
                            const std::function<void(const std::vector<std::string>&)>& claim) {
  claim({octets});
  for (std::size_t cut = 1; cut < octets.size(); ++cut) {
    claim({octets.substr(0, cut), octets.substr(cut)});
  }
  std::vector<std::string> singles;
  for (const char c : octets) {
    singles.emplace_back(1, c);
  }
  claim(singles);
  SeededRandom random(7);
  for (int round = 0; round < 20 && octets.size() > 2; ++round) {
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < octets.size();) {
      const std::size_t size = 1 + random.below(5);
      pieces.push_back(octets.substr(at, size));
      at += size;
    }
    claim(pieces);
  }
}

}  // namespace postrider
