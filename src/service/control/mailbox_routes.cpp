#include "routes.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>
#include <postrider/store/mailbox_store.hpp>

// Mailboxes, their messages in slices, and what can be brought back.
namespace postrider::control {

namespace {

using store::MailError;

constexpr std::uint64_t rows_max = 1'000;
constexpr std::uint64_t octets_max = 1 << 20;  // of one answer with a message's octets
constexpr std::size_t expunged_max = 10'000;

std::uint64_t number_of(const Call& call, std::string_view name, std::uint64_t otherwise) {
  return parse_decimal(call.request.query(name).value_or("")).value_or(otherwise);
}

std::string_view use_of(store::SpecialUse use) {
  constexpr std::array<std::string_view, 9> names{"",     "all",  "archive", "drafts",   "flagged",
                                                  "junk", "sent", "trash",   "important"};
  return names.at(static_cast<std::size_t>(use));
}

void write_flags(JsonWriter& json, const store::MailFlags& flags) {
  constexpr std::array<std::string_view, 5> names{"\\Seen", "\\Answered", "\\Flagged", "\\Deleted",
                                                  "\\Draft"};
  json.key("flags").begin_array();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if ((flags.system >> i & 1U) != 0) {
      json.value(names[i]);
    }
  }
  for (const std::string& keyword : flags.keywords) {
    json.value(keyword);
  }
  json.end_array();
}

void write_mailbox(JsonWriter& json, const store::Mailbox& mailbox) {
  json.begin_object().member("id", static_cast<std::uint64_t>(mailbox.id));
  json.member("name", mailbox.name).member("special_use", use_of(mailbox.special_use));
  json.member("messages", std::uint64_t{mailbox.counts.messages});
  json.member("unseen", std::uint64_t{mailbox.counts.unseen});
  json.member("bytes", mailbox.counts.size_bytes);
  json.member("uid_validity", std::uint64_t{mailbox.uid_validity});
  json.member("uid_next", std::uint64_t{mailbox.uid_next});
  json.member("highest_modseq", mailbox.highest_modseq).end_object();
}

engine::Task<http::Response> list_mailboxes(Call call) {
  store::MailboxStore* boxes = call.ports.mailboxes;
  if (boxes == nullptr) {
    co_return no_mailboxes_here();
  }
  const std::string name(call.argument);
  const auto account = co_await boxes->find_account(name);
  if (!account) {
    co_return mail_error_response(account.error(), name);
  }
  const auto usage = co_await boxes->usage(*account);
  const auto all = co_await boxes->list(*account);
  if (!usage || !all) {
    co_return mail_error_response(usage ? all.error() : usage.error(), name);
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("account", name).member("bytes", usage->size_bytes);
  json.member("messages", usage->messages).key("mailboxes").begin_array();
  for (const store::Mailbox& mailbox : *all) {
    write_mailbox(json, mailbox);
  }
  json.end_array().end_object();
  co_return json_response(body + "\n");
}

// What a new account would begin with, where it is missing; names what was made.
engine::Task<http::Response> complete_mailboxes(Call call) {
  store::MailboxStore* boxes = call.ports.mailboxes;
  if (boxes == nullptr) {
    co_return no_mailboxes_here();
  }
  const std::string name(call.argument);
  const auto account = co_await boxes->find_account(name);
  const auto made = account
                        ? co_await boxes->complete(*account)
                        : store::MailResult<std::vector<store::Mailbox>>(failure(account.error()));
  if (!made) {
    co_return mail_error_response(made.error(), name);
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("account", name).key("mailboxes").begin_array();
  for (const store::Mailbox& mailbox : *made) {
    write_mailbox(json, mailbox);
  }
  json.end_array().end_object();
  co_return json_response(body + "\n");
}

struct Found {
  store::MailAccountId account{};
  store::MailboxId mailbox{};
};

// By ?mailbox=NUMBER, as the list names it.
engine::Task<store::MailResult<Found>> find(Call call) {
  const auto account = co_await call.ports.mailboxes->find_account(std::string(call.argument));
  if (!account) {
    co_return failure(account.error());
  }
  const std::uint64_t number = number_of(call, "mailbox", 1);
  if (number == 0 || number > UINT32_MAX) {
    co_return failure(MailError::not_found);
  }
  co_return Found{*account, store::MailboxId{static_cast<std::uint32_t>(number)}};
}

engine::Task<http::Response> list_messages(Call call) {
  store::MailboxStore* boxes = call.ports.mailboxes;
  if (boxes == nullptr) {
    co_return no_mailboxes_here();
  }
  const auto found = co_await find(call);
  if (!found) {
    co_return mail_error_response(found.error(), call.argument);
  }
  const auto opened = co_await boxes->open(found->account, found->mailbox, nullptr);
  if (!opened) {
    co_return mail_error_response(opened.error(), call.argument);
  }
  const std::uint64_t after = number_of(call, "after", 0);
  std::vector<store::Uid> uids;
  for (auto uid = after < UINT32_MAX
                      ? opened->view.messages.at_or_after(static_cast<store::Uid>(after + 1))
                      : std::nullopt;
       uid && uids.size() < rows_max; uid = opened->view.messages.at_or_after(*uid + 1)) {
    uids.push_back(*uid);
  }
  const auto rows = co_await boxes->facts(found->account, found->mailbox, uids);
  if (!rows) {
    co_return mail_error_response(rows.error(), call.argument);
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("uid_validity", std::uint64_t{opened->view.mailbox.uid_validity});
  json.key("messages").begin_array();
  for (const store::MailRow& row : *rows) {
    json.begin_object().member("uid", std::uint64_t{row.uid});
    json.member("bytes", row.facts.size_bytes()).member("modseq", row.facts.modseq);
    json.member("date", encode_rfc3339(row.facts.internal_date));
    json.member("date_ns", std::int64_t{row.facts.internal_date.time_since_epoch().count()});
    json.member("thread", fmt::format("{:016x}", row.facts.thread));
    write_flags(json, row.facts.flags);
    json.end_object();
  }
  json.end_array().end_object();
  co_return json_response(body + "\n");
}

// The octets from ?offset on, as many as one answer holds; none past the end.
engine::Task<http::Response> read_message(Call call) {
  store::MailboxStore* boxes = call.ports.mailboxes;
  if (boxes == nullptr) {
    co_return no_mailboxes_here();
  }
  const auto found = co_await find(call);
  if (!found) {
    co_return mail_error_response(found.error(), call.argument);
  }
  const auto uid =
      static_cast<store::Uid>(std::min<std::uint64_t>(number_of(call, "uid", 0), UINT32_MAX));
  const auto rows = co_await boxes->facts(found->account, found->mailbox, {uid});
  if (!rows || rows->empty()) {
    co_return mail_error_response(rows ? MailError::not_found : rows.error(), call.argument);
  }
  const store::MailFacts& facts = rows->front().facts;
  std::uint64_t at = number_of(call, "offset", 0);
  std::string out;
  if (at < facts.trace_bytes) {
    const auto detail = co_await boxes->detail(found->account, found->mailbox, uid);
    if (!detail) {
      co_return mail_error_response(detail.error(), call.argument);
    }
    out = detail->trace.substr(at);
    at += out.size();
  }
  while (at < facts.size_bytes() && out.size() < octets_max) {
    const auto piece = co_await boxes->read_body(facts.blob, at - facts.trace_bytes);
    if (!piece || piece->view().empty()) {
      co_return mail_error_response(piece ? MailError::corrupt : piece.error(), call.argument);
    }
    out += piece->view();
    at += piece->view().size();
  }
  co_return http::Response{
      200, {{"content-type", "application/octet-stream"}}, std::move(out), true};
}

engine::Task<http::Response> list_expunged(Call call) {
  store::MailboxStore* boxes = call.ports.mailboxes;
  if (boxes == nullptr) {
    co_return no_mailboxes_here();
  }
  const auto account = co_await boxes->find_account(std::string(call.argument));
  const auto all =
      account ? co_await boxes->expunged(*account, expunged_max)
              : store::MailResult<std::vector<store::ExpungedMail>>(failure(account.error()));
  if (!all) {
    co_return mail_error_response(all.error(), call.argument);
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("messages").begin_array();
  for (const store::ExpungedMail& mail : *all) {
    json.begin_object().member("mailbox", static_cast<std::uint64_t>(mail.mailbox));
    json.member("uid", std::uint64_t{mail.uid}).member("bytes", mail.facts.size_bytes());
    json.member("expunged", encode_rfc3339(mail.expunged)).end_object();
  }
  json.end_array().end_object();
  co_return json_response(body + "\n");
}

// All that was expunged, or ?mailbox and ?uid of it alone.
engine::Task<http::Response> undelete(Call call) {
  store::MailboxStore* boxes = call.ports.mailboxes;
  if (boxes == nullptr) {
    co_return no_mailboxes_here();
  }
  const auto account = co_await boxes->find_account(std::string(call.argument));
  if (!account) {
    co_return mail_error_response(account.error(), call.argument);
  }
  const auto all = co_await boxes->expunged(*account, expunged_max);
  if (!all) {
    co_return mail_error_response(all.error(), call.argument);
  }
  const std::uint64_t mailbox = number_of(call, "mailbox", 0);
  const std::uint64_t uid = number_of(call, "uid", 0);
  std::uint64_t restored = 0;
  for (const store::ExpungedMail& mail : *all) {
    const bool is_meant = (mailbox == 0 || mailbox == static_cast<std::uint64_t>(mail.mailbox)) &&
                          (uid == 0 || uid == mail.uid);
    if (!is_meant) {
      continue;
    }
    const auto back = co_await boxes->undelete(*account, mail.mailbox, mail.uid, mail.expunged);
    if (!back && back.error() != MailError::not_found) {
      co_return mail_error_response(back.error(), call.argument);
    }
    restored += back ? 1 : 0;
  }
  std::string body;
  JsonWriter(body).begin_object().member("restored", restored).end_object();
  co_return json_response(body + "\n");
}

}  // namespace

std::span<const Route> mailbox_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"GET", "/v1/mailboxes/*", list_mailboxes},
      {"POST", "/v1/mailboxes/*/complete", complete_mailboxes},
      {"GET", "/v1/mailboxes/*/messages", list_messages},
      {"GET", "/v1/mailboxes/*/message", read_message},
      {"GET", "/v1/mailboxes/*/expunged", list_expunged},
      {"POST", "/v1/mailboxes/*/undelete", undelete},
  });
  return routes;
}

}  // namespace postrider::control
