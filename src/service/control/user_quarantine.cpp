// What was held back for one user, and what he does to it.
#include "user_quarantine.hpp"

#include "quarantine_entry.hpp"
#include "routes.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>

namespace postrider::control {

namespace {

http::Response not_there(std::string_view id) {
  return error_response(404, fmt::format("{} is not in your quarantine: it was released, deleted "
                                         "or has expired",
                                         quoted_for_log(id, 40)));
}

}  // namespace

// A recipient of ours is alone in its destination.
bool is_of_account(const store::StoredDelivery& stored, std::string_view account) {
  const auto& destinations = stored.envelope->destinations;
  return !account.empty() && stored.number < destinations.size() &&
         std::ranges::any_of(
             destinations[stored.number].recipients,
             [account](const store::Recipient& recipient) {
               return recipient.local.kind == store::LocalKind::mailbox &&
                      recipient.local.name == account;
             });
}

// One walk for all who ask, and not more often than the settings have it.
engine::Task<store::StoreResult<void>> UserQuarantine::refresh() {
  const auto place = co_await walking_.acquire(1, {});
  if (has_walked_ && doors_.reactor.now() - walked_ < settings_.walk_every) {
    co_return store::StoreResult<void>{};
  }
  auto found = co_await index_quarantine(doors_.queue, UserService::index_max);
  if (!found) {
    co_return failure(found.error());
  }
  held_ = std::move(found->held);
  walked_ = doors_.reactor.now();
  has_walked_ = true;
  co_return store::StoreResult<void>{};
}

engine::Task<store::StoreResult<std::vector<store::StoredDelivery>>> UserQuarantine::load(
    std::string account, MessageId id) {
  auto held = co_await load_quarantined(doors_.queue, id);
  if (held) {
    std::erase_if(*held, [&account](const store::StoredDelivery& stored) {
      return !is_of_account(stored, account);
    });
  }
  co_return held;
}

// Nothing of the other recipients, nor of the route it came by.
void UserQuarantine::encode(const store::StoredDelivery& stored, const std::string& header,
                            bool with_header, std::string& out) const {
  const store::Envelope& envelope = *stored.envelope;
  const mime::HeaderSection section = mime::scan_header(header).value_or(mime::HeaderSection{});
  const auto reasons = quarantine_reasons(section);
  JsonWriter json(out);
  json.begin_object().member("id", envelope.id.text()).member("from", envelope.reverse_path);
  json.member("to", envelope.destinations[stored.number].recipients.front().address);
  json.member("received_at", encode_rfc3339(envelope.received_at));
  json.member("size", envelope.size_octets);
  json.member("reason", reasons.empty() ? "" : reasons.front());
  json.member("subject", shown_field(section, "Subject"));
  json.member("header_from", shown_field(section, "From"));
  json.member("may_release", !is_withheld(reasons, settings_.withheld_by));
  if (with_header) {
    json.member("header", header);
  }
  json.end_object();
}

engine::Task<http::Response> UserQuarantine::list(std::string account, MessageId after,
                                                  std::size_t limit) {
  if (const auto walked = co_await refresh(); !walked) {
    co_return store_error_response(walked.error(), "the quarantine");
  }
  // A copy: another walk may end meanwhile.
  const auto mine = held_.find(account);
  std::vector<MessageId> ids = mine == held_.end() ? std::vector<MessageId>{} : mine->second;
  ids.erase(ids.begin(), std::ranges::upper_bound(ids, after));
  std::string body = "[";
  std::string next;
  std::size_t count = 0;
  for (const MessageId id : ids) {
    if (count == limit) {
      next = after.text();
      break;
    }
    after = id;
    const auto held = co_await load(account, id);
    if (!held || held->empty()) {
      continue;  // it has left since
    }
    const auto header = co_await read_header(doors_.queue, id);
    body += count++ == 0 ? "" : ",";
    encode(held->front(), header.value_or(""), false, body);
  }
  auto response = json_response(body + "]\n");
  if (!next.empty()) {
    response.fields.push_back({"x-next", next});
  }
  co_return response;
}

engine::Task<Result<std::vector<store::StoredDelivery>, http::Response>> UserQuarantine::find(
    std::string account, std::string id) {
  const auto message = MessageId::parse(id);
  if (!message) {
    co_return failure(not_there(id));
  }
  auto held = co_await load(std::move(account), *message);
  if (!held) {
    co_return failure(store_error_response(held.error(), id));
  }
  if (held->empty()) {
    co_return failure(not_there(id));
  }
  co_return *std::move(held);
}

engine::Task<http::Response> UserQuarantine::show(std::string account, std::string id) {
  const auto held = co_await find(std::move(account), std::move(id));
  if (!held) {
    co_return held.error();
  }
  const MessageId message = held->front().envelope->id;
  const auto header = co_await read_header(doors_.queue, message);
  std::string body;
  encode(held->front(), header.value_or(""), true, body);
  co_return json_response(body + "\n");
}

// What can't be read can't be known to be harmless.
engine::Task<bool> UserQuarantine::may_have(MessageId message) {
  const auto header = co_await read_header(doors_.queue, message);
  const std::string octets = header.value_or("");  // the section looks into it
  const auto section = mime::scan_header(octets);
  co_return header&& section && !is_withheld(quarantine_reasons(*section), settings_.withheld_by);
}

engine::Task<Result<store::Envelope, http::Response>> UserQuarantine::find_message(
    std::string account, std::string id) {
  const auto held = co_await find(std::move(account), std::move(id));
  if (!held) {
    co_return failure(held.error());
  }
  const store::Envelope& envelope = *held->front().envelope;
  if (!co_await may_have(envelope.id)) {
    co_return failure(error_response(
        403, fmt::format("{} is not for you to have: ask the postmaster", envelope.id.text())));
  }
  co_return envelope;
}

engine::Task<http::Response> UserQuarantine::act(QueueAction action, std::string account,
                                                 std::string id, std::string who) {
  const auto held = co_await find(std::move(account), std::move(id));
  if (!held) {
    co_return held.error();
  }
  const MessageId message = held->front().envelope->id;
  if (action == QueueAction::release) {
    if (!co_await may_have(message)) {
      co_return error_response(
          403, fmt::format("{} is not for you to release: ask the postmaster", message.text()));
    }
  }
  std::uint64_t done = 0;
  std::string problem;
  for (const store::StoredDelivery& stored : *held) {
    const auto applied =
        co_await doors_.live->apply(action, {stored.envelope->id, stored.number}, who);
    done += applied ? 1 : 0;
    problem = applied ? problem : applied.error();
  }
  if (done == 0) {
    co_return error_response(409, message.text() + ": " + problem);
  }
  std::string out;
  JsonWriter(out).begin_object().member("id", message.text()).member("done", done).end_object();
  co_return json_response(out + "\n");
}

}  // namespace postrider::control
