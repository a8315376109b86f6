// GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208): one root, the account.
#include "command_table.hpp"
#include "mailbox_access.hpp"
#include "mailbox_names.hpp"

#include <postrider/codec/imap/response.hpp>

namespace postrider::imap {
namespace {

constexpr std::uint64_t storage_unit = 1024;  // RFC 9208 5.1

// What has no limit isn't listed, and without one there is no root: a QUOTA response is never empty
// (RFC 9208 7).
engine::Task<store::MailResult<std::vector<QuotaResource>>> limits_of(Client& client) {
  const auto quota = co_await quota_of(client.shared.doors.directory, client.session->identity());
  if (!quota) {
    co_return failure(quota.error());
  }
  const auto usage = co_await client.store().usage(client.account);
  if (!usage) {
    co_return failure(usage.error());
  }
  std::vector<QuotaResource> resources;
  if (quota->size_bytes > 0) {
    resources.push_back({"STORAGE", (usage->size_bytes + storage_unit - 1) / storage_unit,
                         quota->size_bytes / storage_unit});
  }
  if (quota->messages > 0) {
    resources.push_back({"MESSAGE", usage->messages, quota->messages});
  }
  co_return resources;
}

}  // namespace

engine::Task<Status> run_get_quota(Client& client, const Command& command) {
  const auto limits = co_await limits_of(client);
  if (!limits) {
    co_return refusal_of(limits.error());
  }
  if (limits->empty() || !std::get<QuotaArguments>(command.arguments).root.empty()) {
    co_return refused("NONEXISTENT", "No such quota root");
  }
  encode_quota("", *limits, client.out());
  co_return completed(command);
}

engine::Task<Status> run_get_quota_root(Client& client, const Command& command) {
  const auto& arguments = std::get<MailboxArguments>(command.arguments);
  const auto mailbox = co_await find_mailbox(client, arguments.mailbox, {Right::read});
  if (!mailbox) {
    co_return mailbox.error();
  }
  std::vector<QuotaResource> resources;
  // What another one's mail uses is his affair: his root isn't told.
  if (mailbox->place.is_own) {
    auto limits = co_await limits_of(client);
    if (!limits) {
      co_return refusal_of(limits.error());
    }
    resources = std::move(*limits);
  }
  const auto roots = resources.empty() ? std::vector<std::string>() : std::vector<std::string>{""};
  encode_quota_root(mailbox->row.name, client.name_form(), roots, client.out());
  if (!resources.empty()) {
    encode_quota("", resources, client.out());
  }
  co_return completed(command);
}

// The operator sets it, in the directory.
engine::Task<Status> run_set_quota(Client&, const Command&) {
  co_return refused("NOPERM", "Quotas are set by the operator");
}

}  // namespace postrider::imap
