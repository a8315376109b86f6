#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::dkim {

// A tag-list of RFC 6376 3.2, the syntax of signatures and key records (and of ARC and DMARC).
struct Tag {
  std::string_view name;
  std::string_view value;  // outer white space gone, what is inside (folding too) still there
};

class TagList {
 public:
  explicit TagList(std::vector<Tag> tags) : tags_(std::move(tags)) {}
  [[nodiscard]] const std::vector<Tag>& tags() const { return tags_; }
  // Names are case-sensitive.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;

 private:
  std::vector<Tag> tags_;
};

// Out: views into `text`, valid as long as it. nullopt: not a tag-list, a name twice, or more than
// max_tags of them.
[[nodiscard]] std::optional<TagList> parse_tag_list(std::string_view text);

// The value without its white space, as h=, bh=, b= and p= are read.
[[nodiscard]] std::string without_white_space(std::string_view value);

}  // namespace postrider::dkim
