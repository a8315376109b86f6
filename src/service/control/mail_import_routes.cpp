#include "routes.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>
#include <postrider/flow/directory.hpp>
#include <postrider/flow/mail_filing.hpp>
#include <postrider/store/mailbox_store.hpp>

// Mail that is brought in: from a backup, a Maildir, an mbox. It comes message by message, and each
// once, so that whoever is interrupted begins again.
namespace postrider::control {

namespace {

using store::MailError;

std::uint64_t number_of(const Call& call, std::string_view name) {
  return parse_decimal(call.request.query(name).value_or("")).value_or(0);
}

std::uint32_t number32_of(const Call& call, std::string_view name) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(number_of(call, name), UINT32_MAX));
}

std::optional<store::SpecialUse> parse_use(std::string_view name) {
  constexpr std::array<std::string_view, 9> names{"",     "all",  "archive", "drafts",   "flagged",
                                                  "junk", "sent", "trash",   "important"};
  const auto at = std::ranges::find(names, name);
  return at == names.end() ? std::nullopt
                           : std::optional(static_cast<store::SpecialUse>(at - names.begin()));
}

struct Target {
  store::MailAccountId account{};
  store::MailQuota quota;
};

// The account that the directory has; its mail is made if it had none.
engine::Task<Result<Target, http::Response>> find_target(Call call) {
  const std::string name(call.argument);
  if (call.ports.mailboxes == nullptr || call.ports.directory == nullptr) {
    co_return failure(error_response(503, "mail is brought in by the server: start it"));
  }
  const auto owner = co_await call.ports.directory->owner(name);
  if (!owner && owner.error() == flow::AddressFailure::unavailable) {
    co_return failure(mail_error_response(MailError::io, name));
  }
  if (!owner && owner.error() != flow::AddressFailure::disabled) {
    co_return failure(error_response(
        404, fmt::format("{}: no account of a hosted domain has that name: see `postrider account "
                         "list` and `postrider domain list`",
                         quoted_for_log(name, 80))));
  }
  const auto account = co_await call.ports.mailboxes->open_account(name);
  if (!account) {
    co_return failure(mail_error_response(account.error(), name));
  }
  co_return Target{*account, owner ? owner->quota : store::MailQuota{}};
}

http::Response mailbox_response(const store::Mailbox& mailbox) {
  std::string body;
  JsonWriter(body)
      .begin_object()
      .member("id", static_cast<std::uint64_t>(mailbox.id))
      .member("name", mailbox.name)
      .member("uid_validity", std::uint64_t{mailbox.uid_validity})
      .end_object();
  return json_response(body + "\n");
}

// Whether a mailbox that is brought in can have the use that it had. Another one's use stays there,
// unless nothing was ever in it: what an account began with gives way to what it had elsewhere.
engine::Task<store::MailResult<bool>> free_use(store::MailboxStore& boxes,
                                               store::MailAccountId account, store::SpecialUse use,
                                               std::vector<store::Mailbox> all) {
  const auto holder = std::ranges::find(all, use, &store::Mailbox::special_use);
  if (use == store::SpecialUse::none || holder == all.end()) {
    co_return true;
  }
  if (holder->uid_next != 1 || holder->id == store::MailboxId::inbox) {
    co_return false;
  }
  const auto removed = co_await boxes.remove(account, holder->id);
  if (!removed && removed.error() != MailError::not_found) {
    co_return failure(removed.error());
  }
  const auto forgotten = co_await boxes.subscribe(account, holder->name, false);
  if (!forgotten) {
    co_return failure(forgotten.error());
  }
  co_return true;
}

// By its name; made, and subscribed to, if there is none.
engine::Task<http::Response> open_mailbox(Call call) {
  const auto target = co_await find_target(call);
  if (!target) {
    co_return target.error();
  }
  store::MailboxStore& boxes = *call.ports.mailboxes;
  const std::string name = call.request.query("name").value_or("");
  const auto use = parse_use(call.request.query("use").value_or(""));
  const auto all = co_await boxes.list(target->account);
  if (!all || !use) {
    co_return mail_error_response(all ? MailError::invalid : all.error(), name);
  }
  const auto there = std::ranges::find_if(*all, [&name](const store::Mailbox& mailbox) {
    return mailbox.name == name ||
           (mailbox.id == store::MailboxId::inbox && equals_ignoring_case(name, "INBOX"));
  });
  if (there != all->end()) {
    co_return mailbox_response(*there);
  }
  const auto is_free = co_await free_use(boxes, target->account, *use, *all);
  if (!is_free) {
    co_return mail_error_response(is_free.error(), name);
  }
  const auto made =
      co_await boxes.create(target->account, name, *is_free ? *use : store::SpecialUse::none);
  if (!made) {
    co_return mail_error_response(made.error(), name);
  }
  const auto subscribed = co_await boxes.subscribe(target->account, made->name, true);
  co_return subscribed || subscribed.error() == MailError::over_quota
      ? mailbox_response(*made)
      : mail_error_response(subscribed.error(), name);
}

// Where each of the fields ends that deliveries put in front of a message, ours or others'; 0
// first.
std::vector<std::size_t> trace_ends(std::string_view octets) {
  constexpr std::array<std::string_view, 3> names{
      "return-path:", "x-original-to:", "delivered-to:"};
  constexpr std::size_t ends_max = 8;
  std::vector<std::size_t> ends{0};
  while (ends.size() < ends_max) {
    const std::string_view rest = octets.substr(ends.back());
    const std::size_t end = rest.find("\r\n");
    const bool is_trace = std::ranges::any_of(names, [rest](std::string_view name) {
      return equals_ignoring_case(rest.substr(0, name.size()), name);
    });
    const bool is_folded = end != rest.npos && end + 2 < rest.size() &&
                           (rest[end + 2] == ' ' || rest[end + 2] == '\t');
    if (end == rest.npos || !is_trace || is_folded) {
      break;
    }
    ends.push_back(ends.back() + end + 2);
  }
  return ends;
}

// The end of what our own delivery puts in front: each field once, in its order. 0: none of it.
std::size_t own_trace(std::string_view octets, const std::vector<std::size_t>& ends) {
  constexpr std::array<std::string_view, 3> order{"Return-Path: <",
                                                  "X-Original-To: ", "Delivered-To: "};
  std::size_t next = 0;
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    const std::string_view line = octets.substr(ends[i]);
    while (next < order.size() && !line.starts_with(order[next])) {
      ++next;
    }
    if (next == order.size()) {
      return 0;
    }
    if (++next == order.size()) {
      return ends[i + 1];
    }
  }
  return 0;
}

store::MailFlags flags_of(const Call& call) {
  store::MailFlags flags;
  for (const char letter : call.request.query("flags").value_or("")) {
    flags.system |= letter == 'S'   ? store::SystemFlag::seen
                    : letter == 'R' ? store::SystemFlag::answered
                    : letter == 'F' ? store::SystemFlag::flagged
                    : letter == 'T' ? store::SystemFlag::deleted
                    : letter == 'D' ? store::SystemFlag::draft
                                    : 0;
  }
  const std::string keywords = call.request.query("keywords").value_or("");
  for (std::size_t at = 0; at < keywords.size();) {
    const std::size_t end = std::min(keywords.find(' ', at), keywords.size());
    if (end > at && flags.keywords.size() < store::message_keywords_max) {
      flags.keywords.push_back(keywords.substr(at, end - at));
    }
    at = end + 1;
  }
  return flags;
}

WallTime date_of(const Call& call) {
  const std::string text = call.request.query("date_ns").value_or("");
  const bool is_before = text.starts_with('-');
  const auto value = parse_decimal(std::string_view(text).substr(is_before ? 1 : 0));
  if (!value || *value > INT64_MAX) {
    return call.ports.reactor.wall_now();
  }
  const auto ns = static_cast<std::int64_t>(*value);
  return WallTime(Duration(is_before ? -ns : ns));
}

// The octets may have come before, cut in another way into what this copy alone has and the rest.
engine::Task<store::MailOrigin> origin_of(Call call, std::vector<std::size_t> other_cuts) {
  store::MailOrigin origin{.copies = number32_of(call, "copies"),
                           .uid_validity = number32_of(call, "uid_validity"),
                           .uid = number32_of(call, "uid")};
  if (origin.copies > 0 && !other_cuts.empty()) {
    const std::string_view octets = call.request.body;
    const auto hashes =
        co_await call.ports.mailboxes->hash_bodies(SharedOctets(std::string(octets)), other_cuts);
    for (std::size_t i = 0; i < other_cuts.size(); ++i) {
      origin.other_cuts.push_back({std::string(octets.substr(0, other_cuts[i])), hashes[i]});
    }
  }
  co_return origin;
}

engine::Task<http::Response> import_message(Call call) {
  const auto target = co_await find_target(call);
  if (!target) {
    co_return target.error();
  }
  store::MailboxStore& boxes = *call.ports.mailboxes;
  const std::string_view octets = call.request.body;
  std::vector<std::size_t> ends = trace_ends(octets);
  std::size_t cut = own_trace(octets, ends);
  if (call.request.query("trace")) {
    cut = std::min<std::size_t>(number_of(call, "trace"), octets.size());
  }
  std::erase(ends, cut);
  store::MailInsert insert;
  insert.quota = target->quota;
  insert.origin = co_await origin_of(call, std::move(ends));
  flow::MailFiling filing(call.ports.reactor, boxes);
  const auto prepared = co_await filing.prepare(SharedOctets(std::string(octets.substr(cut))));
  insert.mails.push_back({.mailbox = store::MailboxId{number32_of(call, "mailbox")},
                          .flags = flags_of(call),
                          .internal_date = date_of(call),
                          .detail = {std::string(octets.substr(0, cut)), prepared->rendered},
                          .body = prepared->body,
                          .thread = prepared->thread});
  const auto done = co_await boxes.insert(target->account, std::move(insert));
  if (!done && done.error() == MailError::over_quota) {
    co_return error_response(
        507, fmt::format("{}: over quota: raise it with `postrider account set`, or make room, and "
                         "run this again: nothing comes twice",
                         call.argument));
  }
  if (!done) {
    co_return mail_error_response(done.error(), call.argument);
  }
  std::string body;
  JsonWriter(body)
      .begin_object()
      .member("uid", std::uint64_t{done->front().uid})
      .member("added", !done->front().was_there)
      .end_object();
  co_return json_response(body + "\n");
}

}  // namespace

std::span<const Route> mail_import_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"POST", "/v1/mailboxes/*/mailbox", open_mailbox},
      {"POST", "/v1/mailboxes/*/import", import_message},
  });
  return routes;
}

}  // namespace postrider::control
