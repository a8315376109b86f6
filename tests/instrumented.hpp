#pragma once

namespace postrider {

// Whether this is a build with a sanitizer, in which everything costs fifty times as much. A test
// that plays many seeds plays fewer there: the release build plays them all.
#if defined(__has_feature)
inline constexpr bool is_instrumented =
    bool(__has_feature(address_sanitizer)) || bool(__has_feature(thread_sanitizer));
#else
inline constexpr bool is_instrumented = false;
#endif

}  // namespace postrider
