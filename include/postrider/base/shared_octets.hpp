#pragma once

#include <cstddef>
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
      : octets_(std::make_shared<const std::string>(std::move(octets))), size_(octets_->size()) {}
  [[nodiscard]] std::string_view view() const {
    return octets_ ? std::string_view(octets_->data() + begin_, size_) : std::string_view();
  }
  // Some of them, as std::string_view::substr() would cut them out; all stay in memory for it.
  [[nodiscard]] SharedOctets part(std::size_t begin, std::size_t size) const {
    SharedOctets out = *this;
    const std::string_view wanted = view().substr(begin, size);
    out.begin_ += begin;
    out.size_ = wanted.size();
    return out;
  }
  [[nodiscard]] bool has_value() const { return octets_ != nullptr; }
  void reset() { octets_.reset(); }

 private:
  std::shared_ptr<const std::string> octets_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

}  // namespace postrider
