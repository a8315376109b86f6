#include "routes.hpp"

#include <array>
#include <fmt/core.h>
#include <map>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>
#include <postrider/store/upkeep.hpp>

// Verifying and repairing an account's mail, and backing up all there is.
namespace postrider::control {

namespace {

using store::MailError;

// "INBOX: message 7: what"
std::string shown(const store::MailFinding& finding) {
  std::string text = finding.mailbox;
  if (finding.uid != 0) {
    text += fmt::format("{}message {}", text.empty() ? "" : ": ", finding.uid);
  }
  return fmt::format("{}{}{}", text, text.empty() ? "" : ": ", finding.what);
}

std::string shown(const store::EntryName& entry) {
  switch (entry.kind) {
    case store::EntryKind::access:
      return "rights";
    case store::EntryKind::annotation:
      return fmt::format("annotation {}", quoted_for_log(entry.name, 80));
    case store::EntryKind::share:
      return "a share";
  }
  return {};
}

http::Response report_response(std::string_view account, const store::AccountReport& report) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("account", account);
  json.member("mailboxes", report.mailboxes).member("messages", report.counted.messages);
  json.member("bytes", report.counted.size_bytes).key("problems").begin_array();
  for (const store::MailFinding& finding : report.findings) {
    json.value(shown(finding));
  }
  json.end_array().key("remedies").begin_array();
  for (const store::MailFinding& finding : report.findings) {
    json.value(finding.remedy);
  }
  json.end_array().member("left_out", report.left_out).end_object();
  return json_response(body + "\n");
}

engine::Task<http::Response> look_after(Call call, bool mends) {
  store::Upkeep* upkeep = call.ports.upkeep;
  if (upkeep == nullptr) {
    co_return no_mailboxes_here();
  }
  const std::string name(call.argument);
  const auto account = co_await upkeep->find_account(name);
  if (!account) {
    co_return mail_error_response(account.error(), name);
  }
  const auto report = mends ? co_await upkeep->repair(*account) : co_await upkeep->verify(*account);
  co_return report ? report_response(name, *report) : mail_error_response(report.error(), name);
}

engine::Task<http::Response> verify(Call call) {
  return look_after(call, false);
}

engine::Task<http::Response> repair(Call call) {
  return look_after(call, true);
}

engine::Task<http::Response> put_back(Call call) {
  store::Upkeep* upkeep = call.ports.upkeep;
  if (upkeep == nullptr || call.ports.mailboxes == nullptr) {
    co_return no_mailboxes_here();
  }
  const std::string name(call.argument);
  const auto account = co_await upkeep->find_account(name);
  if (!account) {
    co_return mail_error_response(account.error(), name);
  }
  const auto report = co_await upkeep->put_back(*account);
  if (!report) {
    co_return mail_error_response(report.error(), name);
  }
  std::map<store::MailboxId, std::string> names;
  for (const store::Mailbox& mailbox :
       (co_await call.ports.mailboxes->list(*account)).value_or(std::vector<store::Mailbox>{})) {
    names[mailbox.id] = mailbox.name;
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("account", name).key("back").begin_array();
  for (const store::InsertedMail& mail : report->back) {
    json.begin_object().member("mailbox", names[mail.mailbox]).member("uid", mail.uid);
    json.member("was_there", mail.was_there).end_object();
  }
  json.end_array().key("entries").begin_array();
  for (const store::PutBackReport::Entry& entry : report->entries) {
    json.begin_object().member("mailbox", entry.mailbox).member("what", shown(entry.name));
    json.member("is_back", entry.is_back).end_object();
  }
  json.end_array().key("left").begin_array();
  for (const store::MailFinding& finding : report->left) {
    json.value(shown(finding));
  }
  json.end_array().key("remedies").begin_array();
  for (const store::MailFinding& finding : report->left) {
    json.value(finding.remedy);
  }
  json.end_array().member("left_out", report->left_out).end_object();
  co_return json_response(body + "\n");
}

engine::Task<http::Response> make_backup(Call call) {
  if (call.ports.upkeep == nullptr) {
    co_return no_mailboxes_here();
  }
  const std::string directory = call.request.query("directory").value_or("");
  const auto made = co_await call.ports.upkeep->back_up(directory);
  if (!made) {
    co_return error_response(409, made.error());
  }
  std::string body;
  JsonWriter(body)
      .begin_object()
      .member("directory", directory)
      .member("files", made->files)
      .member("bytes", made->size_bytes)
      .end_object();
  co_return json_response(body + "\n");
}

}  // namespace

http::Response mail_error_response(MailError error, std::string_view what) {
  const std::uint16_t status =
      error == MailError::not_found ? 404
      : error == MailError::over_quota || error == MailError::exists || error == MailError::invalid
          ? 409
          : 503;
  std::string text(store::describe(error));
  if (status == 404) {
    text = "there is no such mailbox or message: see `postrider mailbox list`";
  } else if (error == MailError::corrupt) {
    text += ": `postrider mailbox repair` mends what can be mended";
  }
  return error_response(status, fmt::format("{}: {}", quoted_for_log(what, 80), text));
}

http::Response no_mailboxes_here() {
  return error_response(503, "this program keeps no mailboxes here: start the server");
}

std::span<const Route> upkeep_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"GET", "/v1/mailboxes/*/verify", verify},
      {"POST", "/v1/mailboxes/*/repair", repair},
      {"POST", "/v1/mailboxes/*/put-back", put_back},
      {"POST", "/v1/backup", make_backup},
  });
  return routes;
}

}  // namespace postrider::control
