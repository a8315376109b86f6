#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::report {

// What a rule file says: which class a failure is of, by its codes and its words.
//
//   file = *line        line = [ class 1*blank pattern 1*blank pattern [ 1*blank text ] ] [ "#" ...
//   ]
//
// class: letters, digits and hyphens. The first pattern is for the enhanced status code ("5.1.1"),
// the second for the reply code ("550"); the text, which is the rest of the line, for what the
// remote host said. In all of them "*" stands for any characters; case does not matter; the text
// may stand anywhere. The first line that fits decides.
struct BounceRule {
  std::string bounce_class;
  std::string enhanced;  // lower case, as the others
  std::string reply;
  std::string text;  // empty: any
};

inline constexpr std::size_t max_bounce_rules = 10'000;
// Of what a remote host said, that is looked at.
inline constexpr std::size_t max_classified_octets = 2'000;

struct BounceFacts {
  std::string_view enhanced;  // "5.1.1"; empty: not known
  std::string_view reply;     // "550"; empty: not known
  std::string_view text;
};

class BounceRules {
 public:
  // Errors: "line 7: what is wrong".
  [[nodiscard]] static std::expected<BounceRules, std::string> parse(std::string_view file);
  // What comes with us: docs/verify.md lists its classes.
  [[nodiscard]] static const BounceRules& built_in();
  // The file of the built-in rules, to begin one's own with.
  [[nodiscard]] static std::string_view built_in_text();

  // "undetermined" if no rule fits.
  [[nodiscard]] std::string_view classify(const BounceFacts& facts) const;
  [[nodiscard]] std::size_t size() const { return rules_.size(); }

 private:
  std::vector<BounceRule> rules_;
};

// "*" stands for any characters. Cost: the product of both at worst.
[[nodiscard]] bool matches_pattern(std::string_view text, std::string_view pattern);

}  // namespace postrider::report
