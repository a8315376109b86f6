#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace postrider {

// Octets that never change again, shared between cores: a message's body while it is hot (the
// session that received it, the committer and each delivery hold it until they are done). Shared
// ownership, since none of them knows who is last.
class SharedOctets {
 public:
  SharedOctets() = default;
  explicit SharedOctets(std::string octets)
      : octets_(std::make_shared<const std::string>(std::move(octets))) {}
  [[nodiscard]] std::string_view view() const {
    return octets_ ? std::string_view(*octets_) : std::string_view();
  }
  [[nodiscard]] bool has_value() const { return octets_ != nullptr; }
  void reset() { octets_.reset(); }

 private:
  std::shared_ptr<const std::string> octets_;
};

}  // namespace postrider
