#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::smtp {

// RFC 3463: "4.7.1" as numbers; klass 0: none given.
struct EnhancedCode {
  std::uint8_t klass = 0;
  std::uint16_t subject = 0;
  std::uint16_t detail = 0;
  [[nodiscard]] bool is_given() const { return klass != 0; }
  [[nodiscard]] std::string text() const;
  friend bool operator==(const EnhancedCode&, const EnhancedCode&) = default;
};

// One SMTP reply (RFC 5321 4.2). Lines of a multi-line text are separated by '\n', without the
// enhanced code that stood before them.
struct Reply {
  std::uint16_t code = 0;
  EnhancedCode enhanced;
  std::string text;
  [[nodiscard]] bool is_positive() const { return code >= 200 && code < 400; }
  [[nodiscard]] bool is_transient() const { return code >= 400 && code < 500; }
  [[nodiscard]] bool is_permanent() const { return code >= 500 && code < 600; }
  friend bool operator==(const Reply&, const Reply&) = default;
};

// Appends the reply to `out`, folded into several lines where the text has '\n', each with CRLF.
void encode_reply(const Reply& reply, std::string& out);

}  // namespace postrider::smtp
