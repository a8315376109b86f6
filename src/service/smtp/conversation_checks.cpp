// What MAIL and RCPT may say: by the account, the directory, the lists, and what the peer has done.
#include "conversation.hpp"
#include "recipient_reply.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/policy/send_as.hpp>

namespace postrider::smtp {
namespace {

// RFC 5321 2.3.5: what is no name that DNS could hold can be told at once.
std::optional<Reply> check_domain(const Path& path) {
  if (path.domain.starts_with('[')) {
    return std::nullopt;
  }
  const auto name = dns::to_a_label(path.domain);
  if (name) {
    return std::nullopt;
  }
  return Reply{553, {5, 1, 2}, "Bad domain: " + std::string(dns::describe(name.error()))};
}

// Whoever maintains a domain has to be reached, to be told of what is wrong (RFC 5321 4.5.1).
bool is_postmaster(const Path& path) {
  return equals_ignoring_case(path.local_part, "postmaster");
}

// With its domain in A-labels, as the directory knows it.
std::string address_of(const Path& path) {
  Path out = path;
  out.domain = dns::to_a_label(path.domain).value_or(path.domain);
  return out.address();
}

}  // namespace

void Conversation::learn_client() {
  const bool is_wanted = listener_->settings.door == flow::Door::inbound;
  if (is_wanted && core_.doors.resolver != nullptr) {
    client_ = ClientFacts::ask(core_.doors.reactor, *core_.doors.resolver, core_.gate, peer_.ip,
                               core_.doors.lists, core_.settings.client_limit);
  }
}

void Conversation::change_client() {
  const Xclient& named = session_->xclient();
  if (named.address) {
    peer_ = {*named.address, named.port.value_or(0)};
    learn_client();
  }
  if (named.name && client_) {
    client_->set_name(*named.name);
  }
  identity_ = {};
  session_->on_client_changed(is_trusted(), connection_.out());
}

std::optional<Reply> Conversation::judge_sender() {
  const MonoTime now = core_.doors.reactor.now();
  if (!identity_.name.empty()) {
    if (!policy::may_send_as(identity_, session_->transaction().reverse_path.address())) {
      return Reply{553, {5, 7, 1}, "Sender not allowed for this account"};
    }
    // Also the event's text: who looks for a stolen password wants to know whose it is.
    if (!core_.message_rate.admit(identity_, now)) {
      return Reply{451, {4, 7, 1}, "Too many messages of " + identity_.name + ": try again later"};
    }
  } else if (listener_->settings.door == flow::Door::inbound &&
             !core_.peer_message_rate.admit(peer_.ip.text(), now)) {
    return Reply{451, {4, 7, 1}, "Too many messages from your address: try again later"};
  }
  return std::nullopt;
}

engine::Task<void> Conversation::check_sender() {
  name_listings_.reset();
  std::optional<Reply> refusal = judge_sender();
  if (!refusal) {
    refusal = co_await ask_filters_of_sender();
  }
  if (refusal) {
    tell_refusal({session_->transaction().reverse_path.address(), "", *refusal});
  }
  session_->on_sender_checked(refusal, connection_.out());
}

// All that lists say of this client and its transaction so far.
std::vector<policy::DnsListing> Conversation::listings() const {
  std::vector<policy::DnsListing> out;
  if (client_) {
    out = client_->listings();
  }
  if (name_listings_) {
    std::ranges::copy(*name_listings_, std::back_inserter(out));
  }
  return out;
}

// Once a transaction; when it ends all is known, or the limit has passed.
engine::Task<void> Conversation::look_up_names() {
  if (!client_) {
    co_return;
  }
  co_await client_->wait(core_.gate.killing());
  flow::ListDesk* lists = core_.doors.lists;
  if (lists == nullptr || name_listings_) {
    co_return;
  }
  std::vector<policy::ListedName> names = {
      {policy::NameRole::helo, session_->helo()},
      {policy::NameRole::sender, session_->transaction().reverse_path.domain}};
  if (client_->client().status == policy::ClientNameStatus::confirmed) {
    names.push_back({policy::NameRole::client, client_->client().name});
  }
  std::erase_if(names, [lists](const policy::ListedName& name) {
    return name.name.empty() || !lists->asks_for(name.role);
  });
  name_listings_.emplace();
  if (!names.empty()) {
    name_listings_ =
        co_await lists->of_names(std::move(names), within(core_.settings.client_limit));
  }
}

engine::Task<std::optional<Reply>> Conversation::judge_by_lists() {
  co_await look_up_names();
  const policy::ListVerdict verdict = core_.doors.lists->judge(listings());
  if (verdict.action == policy::DnsListAction::reject) {
    co_return Reply{550, {5, 7, 1}, "Not taken from you: " + verdict.reason};
  }
  if (verdict.action == policy::DnsListAction::defer) {
    co_return Reply{450, {4, 7, 1}, "Try again later: " + verdict.reason};
  }
  co_return std::nullopt;
}

// Of mail that comes in: is it ours, and would it be taken?
engine::Task<std::optional<Reply>> Conversation::judge_recipient(const Path& path) {
  const ServerTransaction& transaction = session_->transaction();
  if (core_.doors.directory == nullptr) {
    co_return relay_denied();  // nobody knows what is ours: everything would be relayed
  }
  // What comes of nobody is a report, and has one reader; more is how reports are abused. An honest
  // server sends the rest one by one.
  if (transaction.reverse_path.is_null() && !transaction.recipients.empty() &&
      listener_->settings.door == flow::Door::inbound) {
    co_return Reply{452, {4, 5, 3}, "One recipient at a time for the null sender"};
  }
  if (client_ && core_.doors.lists != nullptr && !core_.doors.lists->is_empty() &&
      !is_postmaster(path)) {
    if (auto refusal = co_await judge_by_lists()) {
      co_return refusal;
    }
  }
  const auto home =
      co_await core_.doors.directory->check({address_of(path), transaction.reverse_path.address(),
                                             transaction.mail.size.value_or(0), identity_.name});
  if (!home) {
    if (home.error() == flow::AddressFailure::unknown) {
      co_return co_await slow_down_guessing(reply_for(home.error()));
    }
    co_return reply_for(home.error());
  }
  co_return *home == flow::AddressHome::here ? std::nullopt : std::optional(relay_denied());
}

// Somebody who tries names learns slowly which are there, and soon nothing more.
engine::Task<Reply> Conversation::slow_down_guessing(Reply refusal) {
  if (is_trusted()) {
    co_return refusal;
  }
  ++unknown_recipients_;
  if (!core_.unknown_recipient_rate.admit(peer_.ip.text(), core_.doors.reactor.now())) {
    co_return Reply{421, {4, 7, 0}, "Too many unknown recipients: try again later"};
  }
  const std::uint32_t free = core_.settings.unknown_recipients_free;
  if (unknown_recipients_ > free) {
    const std::uint32_t doublings = std::min(unknown_recipients_ - free - 1, 10U);
    const Duration delay = std::min(core_.settings.unknown_recipient_delay * (1U << doublings),
                                    core_.settings.unknown_recipient_delay_max);
    (void)co_await core_.doors.reactor.sleep_for(delay, core_.gate.closing());  // or we stop
  }
  co_return refusal;
}

engine::Task<void> Conversation::check_recipient() {
  const Path path = session_->recipient().path;
  std::optional<Reply> refusal = check_domain(path);
  const flow::Door door = listener_->settings.door;
  if (!refusal && (door == flow::Door::inbound || door == flow::Door::lmtp)) {
    refusal = co_await judge_recipient(path);
  } else if (!refusal) {
    refusal = co_await check_hosted(path);
  }
  if (!refusal) {
    refusal = co_await ask_filters_of_recipient();
  }
  if (refusal) {
    tell_refusal({session_->transaction().reverse_path.address(), path.address(), *refusal});
  }
  session_->on_recipient_checked(refusal, connection_.out());
}

// Of mail that goes out: what stays here is told at once, too.
engine::Task<std::optional<Reply>> Conversation::check_hosted(const Path& path) {
  flow::Directory* directory = core_.doors.directory;
  if (directory == nullptr || !directory->hosts_any()) {
    co_return std::nullopt;
  }
  const ServerTransaction& transaction = session_->transaction();
  const auto home = co_await directory->check({address_of(path), transaction.reverse_path.address(),
                                               transaction.mail.size.value_or(0), identity_.name});
  co_return home ? std::nullopt : std::optional(reply_for(home.error()));
}

flow::Event Conversation::event_of(flow::EventKind kind) const {
  flow::Event event;
  event.kind = kind;
  event.time = core_.doors.reactor.wall_now();
  event.tenant = identity_.tenant;
  event.remote = peer_.text();
  event.tls = tls_;
  return event;
}

}  // namespace postrider::smtp
