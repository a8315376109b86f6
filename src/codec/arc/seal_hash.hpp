#pragma once

#include <string_view>

#include <postrider/base/digest.hpp>

namespace postrider::arc {

// What seals are made of (RFC 8617 5.1.1): the fields of all sets in order, in relaxed form.
class SealHash {
 public:
  // The digest that the set's seal signs; `seal` with or without the value of b=.
  [[nodiscard]] Sha256Digest digest(std::string_view results, std::string_view signature,
                                    std::string_view seal) const;
  // The set is part of what later seals sign.
  void add(std::string_view results, std::string_view signature, std::string_view seal);

 private:
  Sha256 sha256_;
};

}  // namespace postrider::arc
