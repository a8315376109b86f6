#pragma once

#include "row.hpp"

#include <memory>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>

namespace postrider::control {

// The filter of the queue commands: 'tenant=acme and domain~example.* and age>1h and code=421'.
//
//   expression = conjunction *("or" conjunction)
//   conjunction = factor *("and" factor)
//   factor      = ["not"] ( "(" expression ")" / comparison )
//   comparison  = field operator value
//   operator    = "=" / "!=" / "~" / "!~" / ">" / "<" / ">=" / "<="      ; "~" is a glob: * and ?
//   value       = word / DQUOTE *char DQUOTE
//
// Fields: id tenant domain site from (sender) to (recipient) account state age size attempts code
// enhanced text remote. Texts compare without case; age takes a duration, size a size.
// Limits: 1 KiB of text, 64 comparisons, 16 levels.
class Where {
 public:
  struct Node;
  Where();  // everything
  Where(Where&&) noexcept;
  Where& operator=(Where&&) noexcept;
  ~Where();

  // Errors: what is wrong and what would be right, for people.
  [[nodiscard]] static Result<Where, std::string> parse(std::string_view text);
  [[nodiscard]] bool matches(const Row& row) const;

 private:
  std::unique_ptr<Node> root_;
};

}  // namespace postrider::control
