#pragma once

#include <string>

namespace postrider {

// The allocator behind malloc and new in this process, for the log's first line: "mimalloc 2.0.9"
// or "the C library's". Calling it is also what keeps mimalloc linked.
[[nodiscard]] std::string allocator_name();

// Whether a fresh block of malloc comes from the allocator that allocator_name() names.
[[nodiscard]] bool is_allocator_in_use();

}  // namespace postrider
