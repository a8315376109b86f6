#include "mailbox_names.hpp"

#include <algorithm>
#include <fmt/core.h>

#include <postrider/codec/imap/mailbox_name.hpp>

namespace postrider::imap {

static_assert(static_cast<int>(SpecialUse::important) ==
              static_cast<int>(store::SpecialUse::important));
static_assert(static_cast<int>(SpecialUse::junk) == static_cast<int>(store::SpecialUse::junk));

engine::Task<store::MailResult<store::Mailbox>> find_mailbox(store::MailboxStore& boxes,
                                                             store::MailAccountId account,
                                                             std::string name) {
  auto all = co_await boxes.list(account);
  if (!all) {
    co_return failure(all.error());
  }
  const auto found = std::ranges::find(*all, name, &store::Mailbox::name);
  if (found == all->end()) {
    co_return failure(store::MailError::not_found);
  }
  co_return std::move(*found);
}

engine::Task<store::MailResult<store::MailQuota>> quota_of(flow::Directory* directory,
                                                           std::string account) {
  if (directory == nullptr) {
    co_return store::MailQuota{};
  }
  const auto owner = co_await directory->owner(std::move(account));
  if (owner) {
    co_return owner->quota;
  }
  if (owner.error() == flow::AddressFailure::unavailable) {
    co_return failure(store::MailError::io);
  }
  co_return store::MailQuota{};
}

std::string_view parent_of(std::string_view name) {
  const std::size_t at = name.rfind(hierarchy_separator);
  return at == name.npos ? std::string_view() : name.substr(0, at);
}

bool stands_below(std::string_view name, std::string_view parent) {
  return name.size() > parent.size() && name.starts_with(parent) &&
         name[parent.size()] == hierarchy_separator;
}

SpecialUse to_special_use(store::SpecialUse use) {
  return static_cast<SpecialUse>(use);
}

store::SpecialUse to_store_use(SpecialUse use) {
  return static_cast<store::SpecialUse>(use);
}

std::string object_id(store::MailboxId mailbox) {
  return fmt::format("F{:x}", static_cast<std::uint32_t>(mailbox));
}

std::string email_object_id(std::uint64_t email) {
  return fmt::format("M{:x}", email);
}

std::string thread_object_id(std::uint64_t thread) {
  return fmt::format("T{:x}", thread);
}

}  // namespace postrider::imap
