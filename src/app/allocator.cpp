#include "allocator.hpp"

#ifdef POSTRIDER_MIMALLOC
#include <cstdlib>
#include <mimalloc.h>

namespace postrider {

std::string allocator_name() {
  const int version = mi_version();
  return "mimalloc " + std::to_string(version / 100) + "." + std::to_string(version / 10 % 10) +
         "." + std::to_string(version % 10);
}

void keep_freed_memory() {
  constexpr long keep_ms = 10'000;
  mi_option_set_default(mi_option_decommit_delay, keep_ms);
  mi_option_set_default(mi_option_segment_decommit_delay, keep_ms);
}

bool is_allocator_in_use() {
  void* block = std::malloc(64);
  const bool ours = mi_is_in_heap_region(block);
  std::free(block);
  return ours;
}

}  // namespace postrider

#else

namespace postrider {

std::string allocator_name() {
  return "the C library's";
}

void keep_freed_memory() {}

bool is_allocator_in_use() {
  return true;
}

}  // namespace postrider

#endif
