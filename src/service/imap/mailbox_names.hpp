#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/imap/flags.hpp>
#include <postrider/flow/directory.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::imap {

// The mailbox of that canonical name.
[[nodiscard]] engine::Task<store::MailResult<store::Mailbox>> find_mailbox(
    store::MailboxStore& boxes, store::MailAccountId account, std::string name);

// What an account may keep; without a directory, or for who isn't in it, there is no limit.
[[nodiscard]] engine::Task<store::MailResult<store::MailQuota>> quota_of(flow::Directory* directory,
                                                                         std::string account);

// "a/b" for "a/b/c"; empty at the top.
[[nodiscard]] std::string_view parent_of(std::string_view name);
[[nodiscard]] bool stands_below(std::string_view name, std::string_view parent);

[[nodiscard]] SpecialUse to_special_use(store::SpecialUse use);
[[nodiscard]] store::SpecialUse to_store_use(SpecialUse use);

// RFC 8474: names of objects.
[[nodiscard]] std::string object_id(store::MailboxId mailbox);
[[nodiscard]] std::string email_object_id(std::uint64_t email);
[[nodiscard]] std::string thread_object_id(std::uint64_t thread);

}  // namespace postrider::imap
