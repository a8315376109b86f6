#pragma once

#include "stored_message.hpp"

#include <string>

namespace postrider::imap {

// RFC 8970: the beginning of what a person would read, at most 200 characters on one line;
// empty if there is no text.
[[nodiscard]] engine::Task<store::MailResult<std::string>> make_preview(StoredMessage& message);

// Of decoded text; exposed for tests.
[[nodiscard]] std::string preview_of(std::string_view utf8, bool is_html);

}  // namespace postrider::imap
