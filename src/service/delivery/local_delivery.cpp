#include "local_delivery.hpp"

#include "conclusion.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

namespace postrider::delivery {

namespace {

using Kind = Verdict::Kind;
using flow::AddressFailure;
using store::LocalKind;

constexpr std::size_t prepared_kept = 4;
constexpr std::uint64_t prepared_octets_max = 4ULL << 20;  // of each: larger ones are made again

struct Reply {
  Kind kind;
  std::string_view enhanced;
};

// RFC 3463.
Reply reply_of(AddressFailure failure) {
  switch (failure) {
    case AddressFailure::unknown:
      return {Kind::failed, "5.1.1"};
    case AddressFailure::disabled:
      return {Kind::failed, "5.2.1"};
    case AddressFailure::over_quota:
    case AddressFailure::domain_over_quota:
      return {Kind::deferred, "4.2.2"};
    case AddressFailure::too_large:
      return {Kind::failed, "5.3.4"};
    case AddressFailure::not_permitted:
      return {Kind::failed, "5.7.1"};
    case AddressFailure::full_for_long:
      return {Kind::failed, "5.2.2"};
    case AddressFailure::loop:
    case AddressFailure::too_many:
      return {Kind::failed, "5.4.6"};
    case AddressFailure::unavailable:
      return {Kind::deferred, "4.3.0"};
  }
  return {Kind::deferred, "4.3.0"};
}

// Nobody but it is meant: the recipient as it was, in no place.
bool is_unknown(const std::vector<store::Recipient>& placed, const store::Recipient& recipient) {
  return placed.empty() || (placed.size() == 1 && placed.front().local.kind == LocalKind::none &&
                            placed.front().address == recipient.address);
}

}  // namespace

Verdict LocalDelivery::verdict(Kind kind, std::string enhanced, std::string text) const {
  Verdict out;
  out.kind = kind;
  out.last = {0, std::move(enhanced), std::move(text), "", doors_.reactor.wall_now()};
  return out;
}

LocalPlan LocalDelivery::ended(const Item& item, Verdict verdict) const {
  LocalPlan out;
  out.result = same_for_all(item, std::move(verdict));
  return out;
}

LocalPlan LocalDelivery::refused(const Item& item, AddressFailure failure) const {
  const Reply reply = reply_of(failure);
  return ended(
      item, verdict(reply.kind, std::string(reply.enhanced), std::string(flow::describe(failure))));
}

LocalPlan LocalDelivery::unreadable(store::StoreError error) {
  LocalPlan out;
  out.result.emplace();
  out.result->end = AttemptResult::End::unreadable;
  out.result->store_error = error;
  return out;
}

std::optional<Verdict> LocalDelivery::verdict_of(store::MailError error) const {
  switch (error) {
    case store::MailError::over_quota:
      return verdict(Kind::deferred, "4.2.2", std::string(store::describe(error)));
    case store::MailError::full:
      return verdict(Kind::deferred, "4.3.1", std::string(store::describe(error)));
    case store::MailError::corrupt:
    case store::MailError::not_found:
    case store::MailError::exists:
      return verdict(Kind::deferred, "4.3.0", std::string(store::describe(error)));
    case store::MailError::invalid:
      return verdict(Kind::failed, "5.6.0", std::string(store::describe(error)));
    case store::MailError::io:
    case store::MailError::closed:
      break;
  }
  return std::nullopt;
}

engine::Task<engine::Semaphore::Permit> LocalDelivery::reserve(const Item& item) {
  if (item.destination().recipients.front().local.kind != LocalKind::mailbox) {
    co_return engine::Semaphore::Permit();
  }
  // No deadline: those before it end. Without room the store is being closed: see plan_mailbox().
  auto room = co_await room_.acquire(units_of(item), engine::Until{});
  co_return room ? *std::move(room) : engine::Semaphore::Permit();
}

engine::Task<LocalPlan> LocalDelivery::plan(const Item& item, const DeliverySettings& settings,
                                            engine::Semaphore::Permit room) {
  const flow::OnwardFacts facts{settings.hostname, settings.authserv_id, doors_.reactor.wall_now()};
  const store::Destination& destination = item.destination();
  const auto& first = destination.recipients.front();
  if (first.local.kind != LocalKind::none) {
    co_return co_await plan_placed(item, first, facts, std::move(room));
  }
  co_return co_await plan_unplaced(item, facts);
}

// Reports of ours, and entries from before their domain was hosted.
engine::Task<LocalPlan> LocalDelivery::plan_unplaced(const Item& item, flow::OnwardFacts facts) {
  const auto& recipients = item.destination().recipients;
  // Filing and the end of the entry are one batch only if nobody else is in that entry.
  std::vector<store::Recipient> places;
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    if (item.is_pending(i)) {
      places.push_back(recipients[i]);
    }
  }
  if (recipients.size() == 1) {
    const store::Recipient& recipient = recipients.front();
    auto placed = co_await doors_.local.directory->place(std::exchange(places, {recipient}));
    if (!placed) {
      co_return refused(item, placed.error());
    }
    if (is_unknown(*placed, recipient)) {
      const auto checked = co_await doors_.local.directory->check(
          {recipient.address, item.envelope->reverse_path, item.envelope->size_octets, ""});
      co_return refused(item, checked ? AddressFailure::unavailable : checked.error());
    }
    if (placed->size() == 1 && placed->front().local.kind != LocalKind::none) {
      co_return co_await plan_placed(item, placed->front(), facts, {});
    }
    places = *std::move(placed);
  }
  auto first = co_await read_first(item);
  if (!first) {
    co_return unreadable(first.error());
  }
  const std::string text = fmt::format("comes to {} places here", places.size());
  auto onward = flow::make_expansion(*item.envelope, std::move(places));
  co_return co_await plan_onward(item, *std::move(first), std::move(onward), facts, text);
}

engine::Task<LocalPlan> LocalDelivery::plan_placed(const Item& item, store::Recipient recipient,
                                                   flow::OnwardFacts facts,
                                                   engine::Semaphore::Permit room) {
  switch (recipient.local.kind) {
    case LocalKind::forward:
      co_return co_await plan_forward(item, std::move(recipient), std::move(facts));
    case LocalKind::list:
      co_return co_await plan_post(item, std::move(recipient), std::move(facts));
    case LocalKind::server:
      co_return co_await plan_server(item, std::move(recipient), std::move(facts));
    case LocalKind::mailbox:
    case LocalKind::none:
      break;
  }
  co_await tell_of_report(item, facts.now);
  co_return co_await plan_mailbox(item, std::move(recipient), std::move(room));
}

engine::Task<LocalPlan> LocalDelivery::plan_mailbox(const Item& item, store::Recipient recipient,
                                                    engine::Semaphore::Permit room) {
  auto owner = co_await doors_.local.directory->owner(recipient.local.name);
  if (!owner) {
    co_return refused(item, owner.error());
  }
  if (room.units() == 0) {
    auto taken = co_await room_.acquire(units_of(item), engine::Until{});
    if (!taken) {
      co_return unreadable(store::StoreError::closed);
    }
    room = *std::move(taken);
  }
  auto mail = co_await prepare(item);
  if (!mail) {
    co_return unreadable(mail.error());
  }
  flow::FilingOrder order;
  order.account = owner->account;
  order.folder = recipient.local.detail;
  order.internal_date = doors_.reactor.wall_now();
  order.trace =
      flow::trace_fields({item.envelope->reverse_path, owner->account, recipient.address});
  order.quota = owner->quota;
  order.delivered = item.id;
  if (item.envelope->disposition == store::Disposition::junk) {
    order.use = store::SpecialUse::junk;
  }
  LocalPlan out;
  out.filing = std::move(order);
  out.mail = *std::move(mail);
  out.room = std::move(room);
  out.verdict = verdict(Kind::delivered, "2.1.5", "filed for " + owner->account);
  out.verdict.filed = true;
  co_return out;
}

engine::Task<LocalPlan> LocalDelivery::plan_forward(const Item& item, store::Recipient recipient,
                                                    flow::OnwardFacts facts) {
  auto first = co_await read_first(item);
  if (!first) {
    co_return unreadable(first.error());
  }
  auto onward =
      flow::make_forward(*item.envelope, recipient, first->view(), *doors_.local.srs, facts);
  co_return co_await plan_onward(item, *std::move(first), std::move(onward), facts,
                                 "forwarded to " + recipient.local.name);
}

engine::Task<LocalPlan> LocalDelivery::plan_post(const Item& item, store::Recipient recipient,
                                                 flow::OnwardFacts facts) {
  auto list = co_await doors_.local.directory->list(recipient.local.name);
  if (!list) {
    co_return refused(item, list.error());
  }
  std::vector<store::Recipient> members;
  for (const std::string& member : list->members) {
    members.push_back({.address = member, .orcpt = {}, .notify = {}, .local = {}});
  }
  auto placed = co_await doors_.local.directory->place(std::move(members));
  if (!placed) {
    co_return refused(item, placed.error());
  }
  if (placed->empty()) {
    co_return ended(item, verdict(Kind::delivered, "2.1.5", "the list has no members"));
  }
  auto first = co_await read_first(item);
  if (!first) {
    co_return unreadable(first.error());
  }
  const std::string text = fmt::format("posted to {} members", placed->size());
  auto onward = flow::make_post(*item.envelope, *list, *std::move(placed), first->view(), facts);
  LocalPlan out = co_await plan_onward(item, *std::move(first), std::move(onward), facts, text);
  out.verdict.filed = out.onward.has_value();  // RFC 3461 5.2.7.3
  co_return out;
}

engine::Task<LocalPlan> LocalDelivery::plan_onward(const Item& item, SharedOctets first,
                                                   Result<flow::Onward, flow::OnwardFailure> onward,
                                                   flow::OnwardFacts facts, std::string text) {
  if (!onward) {
    switch (onward.error()) {
      case flow::OnwardFailure::loop:
        co_return ended(item, verdict(Kind::failed, "5.4.6", "it has been here before: a loop"));
      case flow::OnwardFailure::auto_reply:
        co_return ended(
            item, verdict(Kind::delivered, "2.1.5", "not posted: an automatic reply (RFC 3834)"));
      case flow::OnwardFailure::bounce:
        co_return ended(item, verdict(Kind::failed, "5.7.1", "a report is no post to a list"));
    }
  }
  auto made = co_await flow::compose_onward({doors_.queue, doors_.signer}, item.envelope,
                                            std::move(first), *std::move(onward), std::move(facts));
  if (!made) {
    if (made.error() == store::StoreError::full) {
      co_return ended(item, verdict(Kind::deferred, "4.3.1", "the store has no room"));
    }
    co_return unreadable(made.error());
  }
  LocalPlan out;
  out.onward = *std::move(made);
  out.verdict = verdict(Kind::delivered, "2.1.5", std::move(text));
  co_return out;
}

engine::Task<store::StoreResult<SharedOctets>> LocalDelivery::read_first(const Item& item) {
  if (item.octets.has_value()) {
    co_return item.octets;
  }
  co_return co_await doors_.queue.read_chunk(item.id.message, 0);
}

engine::Task<store::StoreResult<SharedOctets>> LocalDelivery::read_all(const Item& item) {
  auto first = co_await read_first(item);
  if (!first || item.envelope->body_chunks <= 1) {
    co_return first;
  }
  std::string all;
  all.reserve(item.envelope->size_octets);
  all += first->view();
  for (std::uint32_t chunk = 1; chunk < item.envelope->body_chunks; ++chunk) {
    const auto octets = co_await doors_.queue.read_chunk(item.id.message, chunk);
    if (!octets) {
      co_return failure(octets.error());
    }
    all += octets->view();
  }
  co_return SharedOctets(std::move(all));
}

// The largest takes all there is.
std::uint64_t LocalDelivery::units_of(const Item& item) const {
  return std::clamp<std::uint64_t>(item.envelope->size_octets / unit_octets, 1, units_max_);
}

engine::Task<store::StoreResult<flow::PreparedMailRef>> LocalDelivery::prepare(const Item& item) {
  const auto is_it = [&item](const auto& known) { return known.first == item.id.message; };
  if (const auto known = std::ranges::find_if(prepared_, is_it); known != prepared_.end()) {
    co_return known->second;
  }
  auto octets = co_await read_all(item);
  if (!octets) {
    co_return failure(octets.error());
  }
  auto mail = co_await doors_.local.filing->prepare(*std::move(octets));
  if (item.envelope->destinations.size() > 1 && item.envelope->size_octets <= prepared_octets_max) {
    prepared_.emplace_back(item.id.message, mail);
    if (prepared_.size() > prepared_kept) {
      prepared_.pop_front();
    }
  }
  co_return mail;
}

}  // namespace postrider::delivery
