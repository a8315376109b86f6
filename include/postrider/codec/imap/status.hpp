#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::imap {

// What ends a command, or stands untagged (RFC 9051 7.1).
struct Status {
  enum class Kind : std::uint8_t { ok, no, bad };
  Kind kind = Kind::ok;
  std::string code;  // without brackets: "TRYCREATE", "UIDNEXT 5"; empty: none
  std::string text;  // one line; controls become blanks
  [[nodiscard]] bool is_ok() const { return kind == Kind::ok; }
  friend bool operator==(const Status&, const Status&) = default;
};

// `tag`: "*" for an untagged one. Appends "A1 OK [CODE] text" CRLF.
void encode_status(std::string_view tag, const Status& status, std::string& out);
// "* BYE ...".
void encode_bye(std::string_view code, std::string_view text, std::string& out);
// "+ text": go on.
void encode_continuation(std::string_view text, std::string& out);

}  // namespace postrider::imap
