#include <postrider/base/text.hpp>
#include <postrider/policy/domain_pattern.hpp>

namespace postrider::policy {

DomainPattern::DomainPattern(std::string_view text) : text_(to_lower(text)) {}

bool DomainPattern::matches(std::string_view domain) const {
  if (text_ == "*") {
    return true;
  }
  if (!text_.starts_with("*.")) {
    return equals_ignoring_case(text_, domain);
  }
  const std::string_view suffix = std::string_view(text_).substr(1);
  return domain.size() > suffix.size() &&
         equals_ignoring_case(domain.substr(domain.size() - suffix.size()), suffix);
}

}  // namespace postrider::policy
