#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::policy {

// Mozilla's list of public suffixes, for who wants organizational domains as RFC 7489 3.2 finds
// them. Shard: one object for all cores; it never changes.
class PublicSuffixList {
 public:
  // The system's list (package publicsuffix), or the one compiled into libpsl if that is newer.
  // nullopt: neither is there. Cost: blocks some 10 ms: at start only.
  [[nodiscard]] static std::optional<PublicSuffixList> load();

  // "example.co.uk" of "mail.example.co.uk"; nullopt: the domain is a public suffix itself. In:
  // A-labels, lower case.
  [[nodiscard]] std::optional<std::string> organizational_domain(std::string_view domain) const;

 private:
  struct Free {
    void operator()(void* list) const;
  };
  explicit PublicSuffixList(void* list) : list_(list) {}
  std::unique_ptr<void, Free> list_;
};

}  // namespace postrider::policy
