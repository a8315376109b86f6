#pragma once

#include "mailbox_access.hpp"

#include <vector>

#include <postrider/codec/imap/mailbox_commands.hpp>

namespace postrider::imap {

// What stands in the intake, as the store takes it; flags that the client may not set are left out
// (RFC 4314 4).
[[nodiscard]] store::MailInsert make_insert(Client& client, const AppendArguments& arguments);
// Rights may have been taken away while the messages came.
[[nodiscard]] engine::Task<std::optional<Status>> ask_target_again(
    Client& client, const AppendArguments& arguments);
// "APPENDUID ..."
[[nodiscard]] std::string code_of(const std::vector<store::InsertedMail>& inserted);

}  // namespace postrider::imap
