#include "mailbox_import.hpp"

#include "answer_json.hpp"
#include "maildir_source.hpp"
#include "mbox_source.hpp"

#include <fmt/core.h>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include <postrider/base/digest.hpp>
#include <postrider/base/json.hpp>
#include <postrider/base/result.hpp>

namespace postrider::tools {

namespace {

using simdjson::dom::element;

constexpr std::uint16_t status_over_quota = 507;
constexpr std::uint16_t status_unavailable = 503;

struct Tally {
  std::uint64_t added = 0;
  std::uint64_t there = 0;
  std::uint64_t failed = 0;
};

class Importer {
 public:
  Importer(std::string account, ControlTransport& control, const Terminal& terminal)
      : path_("/v1/mailboxes/" + http::encode_percent(account)),
        control_(control),
        terminal_(terminal) {}

  // Exit code of what ends it all; exit_ok: the folder is done.
  int bring_folder(MailSource& source, const SourceFolder& folder, const std::string& name,
                   bool keeps_uids) {
    // Put under another name it is a copy beside the one that serves that use.
    const std::string_view use = name == folder.name ? folder.special_use : std::string_view();
    http::Request request{"POST",
                          fmt::format("{}/mailbox?name={}&use={}", path_,
                                      http::encode_percent(name), http::encode_percent(use)),
                          {},
                          {},
                          true};
    const auto response = control_.call(request);
    if (const int failed = report_failure(response, terminal_); failed != exit_ok) {
      return failed;
    }
    const auto id = number_in(response.body, "id");
    if (!id) {
      return exit_no;
    }
    copies_.clear();
    while (auto mail = source.next_mail()) {
      if (!mail->problem.empty()) {
        complain(*mail, mail->problem);
        continue;
      }
      const std::uint32_t validity = keeps_uids && mail->uid != 0 ? folder.uid_validity : 0;
      if (const int failed = bring_mail(*id, *mail, validity); failed != exit_ok) {
        return failed;
      }
    }
    return exit_ok;
  }

  [[nodiscard]] const Tally& tally() const { return tally_; }

  // Also of what did not come to its end.
  int finish(int ended, bool as_json) const {
    if (as_json) {
      std::string out;
      JsonWriter(out)
          .begin_object()
          .member("added", tally_.added)
          .member("there", tally_.there)
          .member("failed", tally_.failed)
          .member("complete", ended == exit_ok)
          .end_object();
      terminal_.print(out + "\n");
    } else {
      terminal_.print(fmt::format("{} brought in, {} there already, {} could not be\n",
                                  tally_.added, tally_.there, tally_.failed));
    }
    return ended != exit_ok ? ended : tally_.failed == 0 ? exit_ok : exit_no;
  }

 private:
  int bring_mail(std::int64_t mailbox, SourceMail& mail, std::uint32_t validity) {
    std::string target = fmt::format("{}/import?mailbox={}&copies={}&flags={}", path_, mailbox,
                                     copy_number(mail.octets), mail.flags);
    std::string keywords;
    for (const std::string& keyword : mail.keywords) {
      keywords += (keywords.empty() ? "" : " ") + keyword;
    }
    target += keywords.empty() ? "" : "&keywords=" + http::encode_percent(keywords);
    target += mail.date_ns ? fmt::format("&date_ns={}", *mail.date_ns) : "";
    target += mail.trace_octets ? fmt::format("&trace={}", *mail.trace_octets) : "";
    if (validity != 0) {
      target += fmt::format("&uid={}&uid_validity={}", mail.uid, validity);
    }
    const auto response =
        control_.call({"POST", std::move(target), {}, std::move(mail.octets), true});
    if (response.status == status_over_quota || response.status == status_unavailable) {
      return report_failure(response, terminal_);  // it would be so for the next, too
    }
    if (response.status != 200) {
      simdjson::dom::parser parser;
      element answer;
      std::string_view why = "the server refuses it";
      if (parser.parse(simdjson::padded_string(response.body)).get(answer) == simdjson::SUCCESS) {
        (void)answer["error"].get(why);
      }
      complain(mail, why);
      return exit_ok;
    }
    simdjson::dom::parser parser;
    element answer;
    bool is_added = false;
    if (parser.parse(simdjson::padded_string(response.body)).get(answer) != simdjson::SUCCESS ||
        answer["added"].get(is_added) != simdjson::SUCCESS) {
      terminal_.complain("the server's answer is no JSON: are program and server of one version?");
      return exit_no;
    }
    ++(is_added ? tally_.added : tally_.there);
    return exit_ok;
  }

  // The how-manyth this is of those that are alike in the folder.
  std::uint32_t copy_number(std::string_view octets) {
    const Sha256Digest digest = sha256(octets);
    std::uint64_t name = 0;
    for (std::size_t i = 0; i < sizeof name; ++i) {
      name = (name << 8) | static_cast<std::uint8_t>(digest.octets[i]);
    }
    return ++copies_[name];
  }

  std::optional<std::int64_t> number_in(const std::string& json, std::string_view name) const {
    simdjson::dom::parser parser;
    element answer;
    std::int64_t number = 0;
    if (parser.parse(simdjson::padded_string(json)).get(answer) != simdjson::SUCCESS ||
        answer[name].get(number) != simdjson::SUCCESS) {
      terminal_.complain("the server's answer is no JSON: are program and server of one version?");
      return std::nullopt;
    }
    return number;
  }

  void complain(const SourceMail& mail, std::string_view why) {
    ++tally_.failed;
    terminal_.complain(fmt::format("{}: not brought in: {}", mail.place, why));
  }

  std::string path_;
  ControlTransport& control_;
  const Terminal& terminal_;
  Tally tally_;
  std::unordered_map<std::uint64_t, std::uint32_t> copies_;  // 16 octets a message of the folder
};

std::string under(const std::string& top, const std::string& name) {
  if (top.empty()) {
    return name;
  }
  return name == "INBOX" ? top : top + "/" + name;
}

}  // namespace

int run_import_mail_command(const ImportMailCommand& command, ControlTransport& control,
                            const Terminal& terminal) {
  std::unique_ptr<MailSource> source;
  if (command.from == "maildir") {
    source = open_maildir(command.path);
  } else if (command.from == "mbox" || command.from == "mboxo") {
    source = open_mbox(command.path, command.from == "mbox" ? MboxForm::mboxrd : MboxForm::mboxo);
  } else {
    terminal.complain("mailbox import: --from is maildir, mbox or mboxo");
    return exit_usage;
  }
  Importer importer(command.account, control, terminal);
  int ended = exit_ok;
  while (ended == exit_ok) {
    const auto folder = source->next_folder();
    if (!folder) {
      break;
    }
    ended = importer.bring_folder(*source, *folder, under(command.folder, folder->name),
                                  !command.new_uids);
  }
  return importer.finish(ended, command.json);
}

int run_restore_command(const RestoreCommand& command, MailSource& backup,
                        ControlTransport& control, const Terminal& terminal) {
  Importer importer(command.account, control, terminal);
  int ended = exit_ok;
  bool is_found = false;
  while (ended == exit_ok) {
    auto folder = backup.next_folder();
    if (!folder) {
      break;
    }
    if (!command.folder.empty() && folder->name != command.folder) {
      continue;
    }
    is_found = true;
    std::string name = folder->name;
    if (!command.prefix.empty()) {
      name = command.prefix + "/" + name;
      folder->special_use.clear();  // it belongs to the one that is in use
    }
    ended = importer.bring_folder(backup, *folder, name, false);
  }
  if (!is_found) {
    terminal.complain(fmt::format("{}: the backup has no such mailbox: leave --folder out for all",
                                  command.folder));
    return exit_no;
  }
  return importer.finish(ended, command.json);
}

}  // namespace postrider::tools
