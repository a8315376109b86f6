#pragma once

#include <cstdint>
#include <vector>

#include <postrider/codec/imap/summary_page.hpp>

namespace postrider::imap {

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

// RFC 5256 3. In: pages that have subjects, and identifiers to go by references.
// Cost: linear in messages, references and texts, whatever they are; no recursion.
[[nodiscard]] ThreadForest thread_by_subject(const SummarizedMessages& all);
[[nodiscard]] ThreadForest thread_by_references(const SummarizedMessages& all);

}  // namespace postrider::imap
