#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::mime {

// Out: "left@right" without the angle brackets, comments and folding gone, quoted parts unquoted
// unless they need it. RFC 5322 3.6.4 with 4.5.4's obsolete forms.
[[nodiscard]] std::optional<std::string> parse_message_id(std::string_view text);

// References and In-Reply-To: each identifier in it, in order; what is none of them (old mail puts
// phrases there) is skipped. At most max_message_ids, the first and then the last ones.
[[nodiscard]] std::vector<std::string> parse_message_ids(std::string_view text);

}  // namespace postrider::mime
