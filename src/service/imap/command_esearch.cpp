// ESEARCH (RFC 7377): several mailboxes at once.
#include "command_table.hpp"
#include "mailbox_access.hpp"
#include "mailbox_scope.hpp"
#include "search_answer.hpp"

#include <algorithm>
#include <utility>

namespace postrider::imap {
namespace {

using Kind = MailboxFilter::Kind;

// A mailbox that is looked into and let go again tells nobody of its changes.
struct DeafListener final : ChangeListener {
  void on_mailbox_changed() override {}
};

// What the filters mean, each once (RFC 7377 2.2).
class Sources {
 public:
  explicit Sources(const std::vector<MailboxFilter>& filters) {
    for (const MailboxFilter& filter : filters) {
      if (filter.kind == Kind::selected) {
        has_selected_ = true;
        continue;
      }
      scopes_.emplace_back(filter);
      reaches_others_ |= filter.kind != Kind::personal && filter.kind != Kind::inboxes;
    }
    has_selected_ |= filters.empty();
  }
  [[nodiscard]] bool has_selected() const { return has_selected_; }
  [[nodiscard]] bool is_selected_only() const { return has_selected_ && scopes_.empty(); }

  [[nodiscard]] engine::Task<store::MailResult<std::vector<FoundMailbox>>> find(
      Client& client) const {
    std::vector<FoundMailbox> found;
    if (scopes_.empty()) {
      co_return found;
    }
    const auto own = co_await client.store().list(client.account);
    const auto names = co_await client.store().subscriptions(client.account);
    if (!own || !names) {
      co_return failure(own ? names.error() : own.error());
    }
    const std::string& user = client.session->identity();
    for (const store::Mailbox& row : *own) {
      if (holds(row.name, *names, /*is_own=*/true)) {
        found.push_back({{client.account, user, row.name, true}, row, Rights::all()});
      }
    }
    if (reaches_others_) {
      auto shared = co_await list_shared(client);
      if (!shared) {
        co_return failure(shared.error());
      }
      for (FoundMailbox& mailbox : *shared) {
        if (mailbox.rights.has(Right::read) && mailbox.rights.has(Right::lookup) &&
            holds(mailbox.row.name, *names, /*is_own=*/false)) {
          found.push_back(std::move(mailbox));
        }
      }
    }
    std::ranges::sort(found, {}, [](const FoundMailbox& one) { return one.row.name; });
    co_return found;
  }

 private:
  [[nodiscard]] bool holds(const std::string& name, const std::vector<std::string>& subscriptions,
                           bool is_own) const {
    const bool is_subscribed = std::ranges::binary_search(subscriptions, name);
    return std::ranges::any_of(scopes_, [&name, is_subscribed, is_own](const MailboxScope& scope) {
      return (is_own || !scope.is_personal()) && scope.holds(name, is_subscribed);
    });
  }

  bool has_selected_ = false;
  bool reaches_others_ = false;
  std::vector<MailboxScope> scopes_;
};

// nullopt: done, with an answer if something was found.
engine::Task<std::optional<Status>> search_one(Client& client, std::string_view tag,
                                               const SearchArguments& arguments,
                                               SelectedMailbox& mailbox, const std::string& name) {
  auto found = co_await search_messages(
      client, {.mailbox = mailbox,
               .key = arguments.key,
               .wants_modseq = mentions(arguments.key, SearchKind::modseq)});
  if (!found) {
    co_return std::move(found.error());
  }
  // RFC 7377 2.1: of those in which nothing was found, nothing is said.
  if (found->found.empty()) {
    co_return std::nullopt;
  }
  write_multisearch_answer(client, tag, {.found = std::move(found->found), .arguments = arguments},
                           name, mailbox.shared().row().uid_validity);
  co_return std::nullopt;
}

engine::Task<std::optional<Status>> search_other(Client& client, std::string_view tag,
                                                 const SearchArguments& arguments,
                                                 const FoundMailbox& found) {
  if (found.row.counts.messages == 0) {
    co_return std::nullopt;
  }
  auto shared = co_await client.shared.mailboxes.open(found.place.account, found.row.id);
  if (!shared) {
    const bool has_gone = shared.error() == store::MailError::not_found;
    co_return has_gone ? std::nullopt : std::optional(refusal_of(shared.error()));
  }
  DeafListener nobody;
  SelectedMailbox mailbox(*std::move(shared),
                          {.examined = true,
                           .name = found.row.name,
                           .owner = found.place.owner,
                           .user = client.session->identity(),
                           .user_account = client.account,
                           .rights = found.rights},
                          nobody);
  co_return co_await search_one(client, tag, arguments, mailbox, found.row.name);
}

}  // namespace

engine::Task<Status> run_esearch(Client& client, const Command& command) {
  const auto& arguments = std::get<MultisearchArguments>(command.arguments);
  const Sources sources(arguments.sources);
  if (sources.has_selected() && !client.selected) {
    co_return bad("Select a mailbox first");
  }
  if (arguments.search.options.save && !sources.is_selected_only()) {
    co_return bad("SAVE goes with the selected mailbox alone");
  }
  if (sources.has_selected()) {
    if (auto refusal = co_await search_one(client, command.tag, arguments.search, *client.selected,
                                           client.selected->manner().name)) {
      co_return *std::move(refusal);
    }
  }
  const auto others = co_await sources.find(client);
  if (!others) {
    co_return refusal_of(others.error());
  }
  for (const FoundMailbox& other : *others) {
    const bool was_searched =
        sources.has_selected() && client.selected->is(other.place.account, other.row.id);
    if (was_searched) {
      continue;
    }
    if (auto refusal = co_await search_other(client, command.tag, arguments.search, other)) {
      co_return *std::move(refusal);
    }
    if (!co_await client.wire.flush_if_large()) {
      break;
    }
  }
  co_return completed(command);
}

}  // namespace postrider::imap
