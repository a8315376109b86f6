#include <cstdio>
#include <cstdlib>

#include <postrider/base/assert.hpp>

namespace postrider {

void assertion_failed(const char* what, std::source_location where) {
  // stdio only: the heap may be what is broken.
  std::fprintf(stderr, "postrider: assertion failed: %s: %s:%u (%s)\n", what, where.file_name(),
               static_cast<unsigned>(where.line()), where.function_name());
  std::fflush(stderr);
  std::abort();
}

}  // namespace postrider
