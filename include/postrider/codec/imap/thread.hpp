#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace postrider::imap {

// What THREAD looks at in one message (RFC 5256 3). Views live as long as the call.
struct ThreadMessage {
  std::uint32_t number = 0;                      // message number or UID, not 0, each once
  std::int64_t sent = 0;                         // Date:, else INTERNALDATE (RFC 5256 2.2)
  std::string_view id;                           // Message-ID without brackets; empty: none
  std::span<const std::string_view> references;  // else the first of In-Reply-To
  std::string_view subject;                      // subject_sort_key()
  bool is_reply = false;
};

// Threads as trees. Children and roots are in the order of RFC 5256: by sent date, then number.
struct ThreadForest {
  static constexpr std::uint32_t none = UINT32_MAX;
  struct Node {
    std::uint32_t number = 0;  // 0: a parent that is not here, of several children
    std::uint32_t first_child = none;
    std::uint32_t next_sibling = none;
    friend bool operator==(const Node&, const Node&) = default;
  };
  std::vector<Node> nodes;
  std::uint32_t first_root = none;
};

[[nodiscard]] ThreadForest thread_by_subject(std::span<const ThreadMessage> messages);
// `seed`: a secret of the process, so that nobody can write Message-IDs that fall together.
// Cost: O(n log n) of messages and references, whatever they are; no recursion.
[[nodiscard]] ThreadForest thread_by_references(std::span<const ThreadMessage> messages,
                                                std::uint64_t seed);

}  // namespace postrider::imap
