#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <postrider/codec/imap/sequence_set.hpp>

// Response codes with values, as Status::code holds them. Those without any (TRYCREATE, OVERQUOTA,
// NONEXISTENT, ...: RFC 5530) are their names.
namespace postrider::imap {

// "UIDVALIDITY 3857529045", "UIDNEXT 4392", "HIGHESTMODSEQ 715194045007".
[[nodiscard]] std::string number_code(std::string_view name, std::uint64_t number);
// RFC 4315 3: of the appended messages, in their order.
[[nodiscard]] std::string append_uid_code(std::uint32_t uid_validity,
                                          std::span<const std::uint32_t> uids);
// Of as many messages each, in one order.
[[nodiscard]] std::string copy_uid_code(std::uint32_t uid_validity,
                                        std::span<const std::uint32_t> from,
                                        std::span<const std::uint32_t> to);
// RFC 7162 3.1.3: message numbers, or UIDs for UID STORE, ascending.
[[nodiscard]] std::string modified_code(std::span<const std::uint32_t> numbers);
// RFC 9585 4: how far a long command is.
[[nodiscard]] std::string in_progress_code(std::string_view tag, std::uint64_t done,
                                           std::optional<std::uint64_t> goal);
// RFC 9738 3.1: only so many messages; the smallest UID that was touched.
[[nodiscard]] std::string message_limit_code(std::uint32_t limit, std::optional<std::uint32_t> uid);
// RFC 8474 4.2: "MAILBOXID (M1)".
[[nodiscard]] std::string mailbox_id_code(std::string_view id);

}  // namespace postrider::imap
