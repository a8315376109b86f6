#pragma once

#include <string>
#include <string_view>

#include <postrider/codec/imap/command.hpp>
#include <postrider/codec/imap/status.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::imap {

// "FETCH completed".
[[nodiscard]] Status completed(const Command& command);
[[nodiscard]] Status refused(std::string_view code, std::string_view text);  // NO
[[nodiscard]] Status bad(std::string_view text);

// What the store's refusal means for the client.
[[nodiscard]] Status refusal_of(store::MailError error);
// Of a mailbox that the client wanted to put something into (RFC 9051 6.3.12).
[[nodiscard]] Status refusal_of_target(store::MailError error);

}  // namespace postrider::imap
