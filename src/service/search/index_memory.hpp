#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace postrider::search {

// What questions to an index begin with, kept from one question to the next: who types searches
// again, and mail comes less often than keys are struck. A part of an index is a string of octets;
// it counts while the index has the stamp that it was made at.
// Shard: any thread. Limits: octets_max; what was asked for longest ago goes.
class IndexMemory {
 public:
  using Octets = std::shared_ptr<const std::string>;  // shared with who is reading it
  static constexpr std::uint64_t octets_default = 64ULL << 20;

  explicit IndexMemory(std::uint64_t octets_max = octets_default) : octets_max_(octets_max) {}

  // `make` is called where the part is not known; two who ask at once may both make it.
  [[nodiscard]] Octets part(const std::string& name, const std::string& stamp,
                            const std::function<std::string()>& make);

  [[nodiscard]] std::uint64_t octets() const;

 private:
  struct Part {
    std::string stamp;
    Octets octets;
    std::uint64_t used = 0;
  };
  using Parts = std::map<std::string, Part>;
  [[nodiscard]] Octets find(const std::string& name, const std::string& stamp);
  void keep(const std::string& name, const std::string& stamp, const Octets& octets);
  void forget(Parts::iterator part);

  mutable std::mutex mutex_;  // guards what follows
  std::uint64_t octets_max_;
  std::uint64_t octets_ = 0;
  std::uint64_t uses_ = 0;
  Parts parts_;
};

}  // namespace postrider::search
