// GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208): one root, the account.
#include "command_table.hpp"
#include "mailbox_access.hpp"
#include "mailbox_names.hpp"

#include <postrider/codec/imap/response.hpp>

namespace postrider::imap {
namespace {

constexpr std::uint64_t storage_unit = 1024;  // RFC 9208 5.1

// What has no limit isn't listed.
engine::Task<store::MailResult<void>> write_quota(Client& client) {
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
  encode_quota("", resources, client.out());
  co_return store::MailResult<void>{};
}

}  // namespace

engine::Task<Status> run_get_quota(Client& client, const Command& command) {
  if (!std::get<QuotaArguments>(command.arguments).root.empty()) {
    co_return refused("NONEXISTENT", "No such quota root");
  }
  const auto written = co_await write_quota(client);
  co_return written ? completed(command) : refusal_of(written.error());
}

engine::Task<Status> run_get_quota_root(Client& client, const Command& command) {
  const auto& arguments = std::get<MailboxArguments>(command.arguments);
  const auto mailbox = co_await find_mailbox(client, arguments.mailbox, {Right::read});
  if (!mailbox) {
    co_return mailbox.error();
  }
  // What another one's mail uses is his affair: his root isn't told.
  const bool is_own = mailbox->place.is_own;
  const auto roots = is_own ? std::vector<std::string>{""} : std::vector<std::string>();
  encode_quota_root(mailbox->row.name, client.name_form(), roots, client.out());
  if (!is_own) {
    co_return completed(command);
  }
  const auto written = co_await write_quota(client);
  co_return written ? completed(command) : refusal_of(written.error());
}

// The operator sets it, in the directory.
engine::Task<Status> run_set_quota(Client&, const Command&) {
  co_return refused("NOPERM", "Quotas are set by the operator");
}

}  // namespace postrider::imap
