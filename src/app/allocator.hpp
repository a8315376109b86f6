#pragma once

#include <string>

namespace postrider {

// The allocator behind malloc and new in this process, for the log's first line: "mimalloc 2.0.9"
// or "the C library's". Calling it is also what keeps mimalloc linked.
[[nodiscard]] std::string allocator_name();

// What is freed stays with the process for some seconds of use: bodies come and go by the MiB, and
// to give their pages back and have them cleared again costs more than all their copies. The
// environment (MIMALLOC_DECOMMIT_DELAY) has the last word.
void keep_freed_memory();

// Whether a fresh block of malloc comes from the allocator that allocator_name() names.
[[nodiscard]] bool is_allocator_in_use();

}  // namespace postrider
