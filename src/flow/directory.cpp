#include "destinations.hpp"
#include "directory_expansion.hpp"
#include "directory_quota.hpp"

#include <utility>

#include <postrider/flow/directory.hpp>

namespace postrider::flow {

std::string_view describe(AddressFailure failure) {
  switch (failure) {
    case AddressFailure::unknown:
      return "nobody here has this address";
    case AddressFailure::disabled:
      return "the mailbox is disabled";
    case AddressFailure::over_quota:
      return "the mailbox is full";
    case AddressFailure::domain_over_quota:
      return "the domain has no room left";
    case AddressFailure::too_large:
      return "the message is too large for this address";
    case AddressFailure::not_permitted:
      return "the sender may not post to this address";
    case AddressFailure::loop:
      return "the address leads to itself";
    case AddressFailure::too_many:
      return "the address leads to too many others";
    case AddressFailure::full_for_long:
      return "the mailbox has been full for long";
    case AddressFailure::unavailable:
      return "the directory does not answer";
  }
  return "unknown";
}

namespace {

class StoredDirectory final : public Directory {
 public:
  StoredDirectory(DirectoryDoors doors, DirectorySettings settings)
      : doors_(doors),
        settings_(std::move(settings)),
        domains_(doors.accounts, doors.changes),
        accounts_(doors.accounts, doors.changes),
        quotas_(doors, settings_.full_max) {}

  [[nodiscard]] bool hosts_any() const override { return doors_.changes.hosts_any(); }
  engine::Task<Result<bool, AddressFailure>> is_hosted(std::string domain) override;
  engine::Task<Result<AddressHome, AddressFailure>> check(AddressQuestion question) override;
  engine::Task<Result<std::vector<store::Recipient>, AddressFailure>> place(
      std::vector<store::Recipient> recipients) override;
  engine::Task<Result<MailOwner, AddressFailure>> owner(std::string account) override;
  engine::Task<Result<ListFacts, AddressFailure>> list(std::string address) override;

 private:
  using Outcome = Result<void, AddressFailure>;
  [[nodiscard]] std::optional<std::string> returned(const std::string& address) const;
  // nullopt: the server itself reads it.
  [[nodiscard]] std::optional<OwnAddressError> own_address(const std::string& address) const;
  engine::Task<Outcome> judge(const Reached& place, std::uint64_t size);
  [[nodiscard]] Expansion expansion(PosterCheck* posters) {
    return {{doors_.accounts, domains_, accounts_}, settings_, posters};
  }

  DirectoryDoors doors_;
  DirectorySettings settings_;
  DomainTable domains_;
  AccountTable accounts_;
  QuotaCheck quotas_;
};

engine::Task<Result<bool, AddressFailure>> StoredDirectory::is_hosted(std::string domain) {
  if (!hosts_any()) {
    co_return false;
  }
  const auto found = co_await domains_.find(std::move(domain));
  if (!found) {
    co_return failure(found.error());
  }
  co_return *found != nullptr;
}

// Who sent what we have forwarded, if this is the address that we gave it.
std::optional<std::string> StoredDirectory::returned(const std::string& address) const {
  if (settings_.srs == nullptr) {
    return std::nullopt;
  }
  auto sender = settings_.srs->reverse(address, doors_.reactor.wall_now());
  return sender ? std::optional(*std::move(sender)) : std::nullopt;
}

std::optional<OwnAddressError> StoredDirectory::own_address(const std::string& address) const {
  if (settings_.own == nullptr) {
    return OwnAddressError::not_ours;
  }
  const auto found = settings_.own->read(address, doors_.reactor.wall_now());
  return found ? std::nullopt : std::optional(found.error());
}

// Whether one place has room for the message.
engine::Task<StoredDirectory::Outcome> StoredDirectory::judge(const Reached& place,
                                                              std::uint64_t size) {
  if (place.disabled) {
    co_return failure(AddressFailure::disabled);
  }
  const std::uint64_t limit = place.domain ? place.domain->message_bytes_max : 0;
  if (limit != 0 && size > limit) {
    co_return failure(AddressFailure::too_large);
  }
  if (place.target.kind != store::LocalKind::mailbox) {
    co_return Outcome{};
  }
  co_return co_await quotas_.check({place.target.name, place.quota, size}, place.domain);
}

engine::Task<Result<AddressHome, AddressFailure>> StoredDirectory::check(AddressQuestion question) {
  if (const auto own = own_address(question.address); own != OwnAddressError::not_ours) {
    // Forged and expired alike: nobody has it, and nobody learns which of both it is.
    if (own) {
      co_return failure(AddressFailure::unknown);
    }
    co_return AddressHome::here;
  }
  if (!hosts_any()) {
    co_return AddressHome::elsewhere;
  }
  if (returned(question.address)) {
    co_return AddressHome::here;
  }
  PosterCheck posters(doors_.accounts, settings_, {question.reverse_path, question.account});
  Expansion reaching = expansion(&posters);
  const auto ours = co_await reaching.run(question.address);
  if (!ours) {
    co_return failure(ours.error());
  }
  if (!*ours) {
    co_return AddressHome::elsewhere;
  }
  const DomainRef& domain = reaching.domain();
  const std::uint64_t limit = domain ? domain->message_bytes_max : 0;
  if (limit != 0 && question.size > limit) {
    co_return failure(AddressFailure::too_large);
  }
  // One of several that has no room is no reason to refuse the others: delivery tells of it.
  std::optional<AddressFailure> first;
  for (const Reached& place : reaching.reached()) {
    const auto judged = co_await judge(place, question.size);
    if (judged) {
      co_return AddressHome::here;
    }
    first = first.value_or(judged.error());
  }
  co_return failure(first.value_or(AddressFailure::unknown));
}

engine::Task<Result<std::vector<store::Recipient>, AddressFailure>> StoredDirectory::place(
    std::vector<store::Recipient> recipients) {
  if (!hosts_any() && settings_.own == nullptr) {
    co_return recipients;
  }
  std::vector<store::Recipient> out;
  std::set<std::string> seen;  // places, of all recipients
  for (store::Recipient& recipient : recipients) {
    if (recipient.local.kind != store::LocalKind::none) {
      out.push_back(std::move(recipient));
      continue;
    }
    if (!own_address(recipient.address)) {
      recipient.local = {store::LocalKind::server, recipient.address, {}};
      out.push_back(std::move(recipient));
      continue;
    }
    if (!hosts_any()) {
      out.push_back(std::move(recipient));
      continue;
    }
    if (auto sender = returned(recipient.address)) {
      recipient.local = {store::LocalKind::forward, *std::move(sender), {}};
      out.push_back(std::move(recipient));
      continue;
    }
    Expansion reaching = expansion(nullptr);
    const auto ours = co_await reaching.run(recipient.address);
    if (!ours && ours.error() == AddressFailure::unavailable) {
      co_return failure(ours.error());
    }
    if (!ours || !*ours) {
      out.push_back(std::move(recipient));
      continue;
    }
    for (const Reached& place : reaching.reached()) {
      if (seen.insert(place_key(place.target)).second) {
        out.push_back(recipient);
        out.back().local = place.target;
      }
    }
    for (const std::string& dead : reaching.dead()) {
      out.push_back(recipient);
      out.back().address = dead;
    }
  }
  co_return out;
}

engine::Task<Result<MailOwner, AddressFailure>> StoredDirectory::owner(std::string name) {
  const auto found = co_await accounts_.find(std::move(name));
  if (!found) {
    co_return failure(found.error());
  }
  const MailAccountRef& account = *found;
  if (!account) {
    co_return failure(AddressFailure::unknown);
  }
  if (account->disabled) {
    co_return failure(AddressFailure::disabled);
  }
  const auto domain = co_await domains_.find(destination_domain(account->name));
  if (!domain) {
    co_return failure(domain.error());
  }
  co_return MailOwner{account->name, quota_of(*account, *domain)};
}

engine::Task<Result<ListFacts, AddressFailure>> StoredDirectory::list(std::string address) {
  auto alias = co_await doors_.accounts.load_alias(std::move(address));
  if (!alias && alias.error() != store::StoreError::not_found) {
    co_return failure(AddressFailure::unavailable);
  }
  if (!alias || alias->kind != store::AliasKind::list) {
    co_return failure(AddressFailure::unknown);
  }
  co_return ListFacts{std::move(alias->address),
                      std::move(alias->title),
                      std::move(alias->targets),
                      std::move(alias->archive_url),
                      std::move(alias->subscribe_url),
                      std::move(alias->unsubscribe_url),
                      alias->reply_to_list};
}

}  // namespace

std::unique_ptr<Directory> make_directory(DirectoryDoors doors, DirectorySettings settings) {
  return std::make_unique<StoredDirectory>(doors, std::move(settings));
}

}  // namespace postrider::flow
