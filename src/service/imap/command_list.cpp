// LIST with RFC 5258's options, and LSUB (RFC 9051 6.3.9, RFC 3501 6.3.9).
#include "command_table.hpp"
#include "mailbox_access.hpp"
#include "mailbox_names.hpp"
#include "mailbox_status.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <postrider/codec/imap/list_pattern.hpp>
#include <postrider/codec/imap/response.hpp>

namespace postrider::imap {
namespace {

// Patterns are matched against so many names before others have their turn.
constexpr std::size_t names_a_turn = 200;

// A name that a mailbox has, or that stands above one, or that is only subscribed to.
struct Node {
  const FoundMailbox* mailbox = nullptr;
  bool is_subscribed = false;
  bool has_children = false;
  bool has_subscribed_below = false;
};
using Tree = std::map<std::string, Node, std::less<>>;

void note_above(Tree& tree, std::string_view name, bool Node::* mark) {
  for (std::string_view above = parent_of(name); !above.empty(); above = parent_of(above)) {
    Node& node = tree[std::string(above)];
    if (node.*mark) {
      return;  // and so are those above it
    }
    node.*mark = true;
  }
}

Tree grow_tree(const std::vector<FoundMailbox>& mailboxes,
               const std::vector<std::string>& subscriptions) {
  Tree tree;
  for (const FoundMailbox& mailbox : mailboxes) {
    const std::string& name = mailbox.row.name;
    tree[name].mailbox = &mailbox;
    note_above(tree, name, &Node::has_children);
  }
  for (const std::string& name : subscriptions) {
    tree[name].is_subscribed = true;
    note_above(tree, name, &Node::has_subscribed_below);
  }
  return tree;
}

class Patterns {
 public:
  explicit Patterns(const ListArguments& arguments) {
    for (const std::string& pattern : arguments.patterns) {
      texts_.push_back(join_reference(arguments.reference, pattern));
      patterns_.emplace_back(texts_.back());
    }
  }
  // Whether one of them could match a name that stands below this one.
  [[nodiscard]] bool reach(std::string_view above) const {
    return std::ranges::any_of(texts_, [above](std::string_view text) {
      text = text.substr(0, text.find_first_of("*%"));
      return text.starts_with(above) || above.starts_with(text);
    });
  }
  [[nodiscard]] bool matches(std::string_view name) const {
    return std::ranges::any_of(
        patterns_, [name](const ListPattern& pattern) { return pattern.matches(name); });
  }

 private:
  std::vector<std::string> texts_;
  std::vector<ListPattern> patterns_;
};

// Whether a name below this one is subscribed to and not told itself. RFC 5258 3.5: where all
// of them are told, one above that does not match itself is left out. Cost: the subscribed names
// below.
bool hides_subscribed(const Tree& tree, const std::string& name, const Patterns& patterns) {
  const std::string above = name + '/';
  for (auto at = tree.lower_bound(above); at != tree.end() && at->first.starts_with(above); ++at) {
    if (at->second.is_subscribed && !patterns.matches(at->first)) {
      return true;
    }
  }
  return false;
}

// RFC 5258 3: which names are told, and why. nullopt: not this one.
std::optional<ListedMailbox> select(const std::string& name, const Node& node, const Tree& tree,
                                    const Patterns& patterns, const ListArguments& arguments) {
  ListedMailbox out;
  out.name = name;
  const bool has_use =
      node.mailbox != nullptr && node.mailbox->row.special_use != store::SpecialUse::none;
  if (arguments.select_special_use && !has_use) {
    return std::nullopt;
  }
  if (arguments.select_subscribed && !node.is_subscribed) {
    if (!arguments.select_recursive_match || !hides_subscribed(tree, name, patterns)) {
      return std::nullopt;
    }
  }
  if (!arguments.select_subscribed && node.mailbox == nullptr && !node.has_children) {
    return std::nullopt;  // subscribed to, and not there
  }
  if (arguments.select_recursive_match && node.has_subscribed_below) {
    out.child_info.emplace_back("SUBSCRIBED");
  }
  out.nonexistent = node.mailbox == nullptr && arguments.extended;
  out.noselect = node.mailbox == nullptr && !arguments.extended;  // else \\NonExistent says it
  out.subscribed =
      node.is_subscribed && (arguments.select_subscribed || arguments.return_subscribed);
  out.has_children = node.has_children;
  out.special_use = has_use ? to_special_use(node.mailbox->row.special_use) : SpecialUse::none;
  return out;
}

struct Names {
  std::vector<FoundMailbox> mailboxes;
  std::vector<std::string> subscriptions;
};
engine::Task<store::MailResult<Names>> load_names(Client& client, const Patterns& patterns) {
  auto mailboxes = co_await client.store().list(client.account);
  if (!mailboxes) {
    co_return failure(mailboxes.error());
  }
  auto subscriptions = co_await client.store().subscriptions(client.account);
  if (!subscriptions) {
    co_return failure(subscriptions.error());
  }
  Names names{{}, *std::move(subscriptions)};
  const MailboxPlace own{client.account, client.session->identity(), {}, true};
  for (store::Mailbox& row : *mailboxes) {
    const Rights rights = rights_in(client, own, row);
    names.mailboxes.push_back({own, std::move(row), rights});
  }
  if (client.session->offers(Capability::acl) && patterns.reach(other_users)) {
    auto shared = co_await list_shared(client);
    if (!shared) {
      co_return failure(shared.error());
    }
    std::ranges::move(*shared, std::back_inserter(names.mailboxes));
  }
  co_return names;
}

// RFC 9051 6.3.9: an empty pattern asks for the separator.
bool asks_for_root(const ListArguments& arguments) {
  return !arguments.extended && arguments.patterns.size() == 1 &&
         arguments.patterns.front().empty();
}

}  // namespace

engine::Task<Status> run_list(Client& client, const Command& command) {
  const auto& arguments = std::get<ListArguments>(command.arguments);
  if (asks_for_root(arguments)) {
    ListedMailbox root;
    root.noselect = true;
    encode_list(root, ListForm::list, client.name_form(), client.out());
    co_return completed(command);
  }
  const Patterns patterns(arguments);
  const auto names = co_await load_names(client, patterns);
  if (!names) {
    co_return refusal_of(names.error());
  }
  const Tree tree = grow_tree(names->mailboxes, names->subscriptions);
  std::size_t looked_at = 0;
  for (const auto& [name, node] : tree) {
    if (++looked_at % names_a_turn == 0) {
      co_await client.shared.doors.reactor.heavy_step();
    }
    if (!patterns.matches(name)) {
      continue;
    }
    const auto listed = select(name, node, tree, patterns, arguments);
    if (!listed) {
      continue;
    }
    encode_list(*listed, ListForm::list, client.name_form(), client.out());
    if (arguments.return_my_rights && node.mailbox != nullptr) {
      encode_my_rights(name, client.name_form(), encode_told_rights(node.mailbox->rights),
                       client.out());  // RFC 8440 3
    }
    const bool wants_status = !arguments.return_status.empty() && node.mailbox != nullptr;
    if (wants_status && node.mailbox->rights.has(Right::read)) {
      // (void): what has gone a moment ago has no STATUS (RFC 5819 2).
      (void)co_await write_status(client, *node.mailbox, arguments.return_status);
    }
    if (!co_await client.wire.flush_if_large()) {
      break;
    }
  }
  co_return completed(command);
}

// Outlook looks for the uses of mailboxes here.
engine::Task<Status> run_lsub(Client& client, const Command& command) {
  const auto& arguments = std::get<ListArguments>(command.arguments);
  if (asks_for_root(arguments)) {
    ListedMailbox root;
    root.noselect = true;
    encode_list(root, ListForm::lsub, client.name_form(), client.out());
    co_return completed(command);
  }
  const Patterns patterns(arguments);
  const auto names = co_await load_names(client, patterns);
  if (!names) {
    co_return refusal_of(names.error());
  }
  const Tree tree = grow_tree(names->mailboxes, names->subscriptions);
  // RFC 3501 6.3.9: with "%", a name above one that is subscribed to is told as \Noselect.
  const bool has_level = std::ranges::any_of(
      arguments.patterns, [](const std::string& pattern) { return pattern.ends_with('%'); });
  std::size_t looked_at = 0;
  for (const auto& [name, node] : tree) {
    if (++looked_at % names_a_turn == 0) {
      co_await client.shared.doors.reactor.heavy_step();
    }
    const bool stands_above = has_level && !node.is_subscribed && node.has_subscribed_below;
    if ((!node.is_subscribed && !stands_above) || !patterns.matches(name)) {
      continue;
    }
    ListedMailbox listed;
    listed.name = name;
    listed.noselect = stands_above || node.mailbox == nullptr;
    if (node.mailbox != nullptr) {
      listed.has_children = node.has_children;
      listed.special_use = to_special_use(node.mailbox->row.special_use);
    }
    encode_list(listed, ListForm::lsub, client.name_form(), client.out());
    if (!co_await client.wire.flush_if_large()) {
      break;
    }
  }
  co_return completed(command);
}

}  // namespace postrider::imap
