#include "index_memory.hpp"

#include <algorithm>
#include <utility>

namespace postrider::search {

IndexMemory::Octets IndexMemory::part(const std::string& name, const std::string& stamp,
                                      const std::function<std::string()>& make) {
  if (Octets known = find(name, stamp)) {
    return known;
  }
  auto made = std::make_shared<const std::string>(make());
  keep(name, stamp, made);
  return made;
}

std::uint64_t IndexMemory::octets() const {
  const std::lock_guard lock(mutex_);
  return octets_;
}

IndexMemory::Octets IndexMemory::find(const std::string& name, const std::string& stamp) {
  const std::lock_guard lock(mutex_);
  const auto at = parts_.find(name);
  if (at == parts_.end() || at->second.stamp != stamp) {
    return nullptr;
  }
  at->second.used = ++uses_;
  return at->second.octets;
}

void IndexMemory::keep(const std::string& name, const std::string& stamp, const Octets& octets) {
  const std::lock_guard lock(mutex_);
  if (const auto old = parts_.find(name); old != parts_.end()) {
    forget(old);
  }
  if (octets->size() > octets_max_) {
    return;
  }
  while (octets_ + octets->size() > octets_max_) {
    forget(std::ranges::min_element(parts_, {}, [](const auto& part) { return part.second.used; }));
  }
  octets_ += octets->size();
  parts_.emplace(name, Part{stamp, octets, ++uses_});
}

void IndexMemory::forget(Parts::iterator part) {
  octets_ -= part->second.octets->size();
  parts_.erase(part);
}

}  // namespace postrider::search
