#pragma once

#include <string>
#include <string_view>

namespace postrider::policy {

// What `domain = ` of a route or policy means: "example.org" itself, "*.example.org" everything
// below it (not itself), "*" everything. Case does not matter.
class DomainPattern {
 public:
  explicit DomainPattern(std::string_view text);
  [[nodiscard]] bool matches(std::string_view domain) const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace postrider::policy
