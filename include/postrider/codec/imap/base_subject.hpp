#pragma once

#include <string>
#include <string_view>

namespace postrider::imap {

// RFC 5256 2.1.
struct BaseSubject {
  std::string text;       // in the case it was written in
  bool is_reply = false;  // or a forward: something was taken off that says so
  friend bool operator==(const BaseSubject&, const BaseSubject&) = default;
};
// In: a subject in UTF-8, unfolded, encoded-words decoded.
// Cost: linear, whatever leaders are piled up.
[[nodiscard]] BaseSubject base_subject(std::string_view subject);

}  // namespace postrider::imap
