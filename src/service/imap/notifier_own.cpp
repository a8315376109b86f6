#include "mailbox_names.hpp"
#include "notifier.hpp"

#include <type_traits>
#include <utility>
#include <variant>

// What a client has done itself, it knows from the answer to its command.
namespace postrider::imap {
namespace {

// The mailbox that a command puts messages into.
std::string filled_by(const Command& command) {
  return std::visit(
      [](const auto& arguments) -> std::string {
        using Type = std::decay_t<decltype(arguments)>;
        if constexpr (std::is_same_v<Type, AppendArguments> ||
                      std::is_same_v<Type, CopyArguments>) {
          return arguments.mailbox;
        } else if constexpr (std::is_same_v<Type, ReplaceArguments>) {
          return arguments.append.mailbox;
        } else {
          return {};
        }
      },
      command.arguments);
}

}  // namespace

void Notifier::begin_own(const Command& command) {
  own_.reset();
  if (account_ == nullptr) {
    return;
  }
  switch (command.verb) {
    case Verb::create:
      own_ = Own{Own::Kind::makes, std::get<CreateArguments>(command.arguments).mailbox, {}};
      return;
    case Verb::rename:
      own_ = Own{Own::Kind::makes, std::get<RenameArguments>(command.arguments).to, {}};
      return;
    case Verb::remove:
      own_ = Own{Own::Kind::removes, std::get<MailboxArguments>(command.arguments).mailbox, {}};
      return;
    case Verb::subscribe:
    case Verb::unsubscribe: {
      const std::string& name = std::get<MailboxArguments>(command.arguments).mailbox;
      if (account_->is_subscribed(name) != (command.verb == Verb::subscribe)) {
        own_ = Own{Own::Kind::subscribes, name, {}};
      }
      return;
    }
    case Verb::append:
    case Verb::copy:
    case Verb::move:
    case Verb::replace:
      own_ = Own{Own::Kind::fills, filled_by(command), {}};
      return;
    default:
      return;
  }
}

// Its update may come a turn after the answer of the store: what succeeded is waited for until the
// next command.
void Notifier::end_own(bool succeeded) {
  if (succeeded || !own_) {
    return;
  }
  const auto own = std::exchange(own_, std::nullopt);
  if (own->withheld && account_->find(*own->withheld) != nullptr) {
    changed_[*own->withheld].places = true;  // it was somebody else's
  }
}

bool Notifier::is_own(const store::MailboxUpdate& update, const store::Mailbox* before) {
  if (!own_) {
    return false;
  }
  switch (own_->kind) {
    case Own::Kind::makes: {
      if (!update.naming) {
        return false;
      }
      const std::string& name = update.naming->row.name;
      const bool is_above = update.naming->old_name.empty() && stands_below(own_->name, name);
      return name == own_->name || is_above || update.naming->is_along;
    }
    case Own::Kind::removes:
      return update.is_gone && before != nullptr && before->name == own_->name;
    case Own::Kind::subscribes:
      return update.subscription && update.subscription->first == own_->name;
    case Own::Kind::fills:
      break;
  }
  const store::Mailbox* const now = account_->find(update.mailbox);
  if (own_->withheld || update.inserted.empty() || now == nullptr || now->name != own_->name) {
    return false;
  }
  own_->withheld = update.mailbox;
  return true;
}

}  // namespace postrider::imap
