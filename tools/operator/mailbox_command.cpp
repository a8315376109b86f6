#include "mailbox_command.hpp"

#include "answer_json.hpp"
#include "mailbox_export.hpp"

#include <fmt/core.h>

namespace postrider::tools {

namespace {

using simdjson::dom::array;
using simdjson::dom::element;

std::string mailboxes(const element& answer) {
  Table table({"ID", "NAME", "USE", "MESSAGES", "UNSEEN", "BYTES"});
  array all;
  if (answer["mailboxes"].get(all) == simdjson::SUCCESS) {
    for (const element mailbox : all) {
      table.add({count_of(mailbox, "/id"), text_of(mailbox, "name"),
                 text_of(mailbox, "special_use"), count_of(mailbox, "/messages"),
                 count_of(mailbox, "/unseen"), count_of(mailbox, "/bytes")});
    }
  }
  return fmt::format("{}{} messages, {} bytes\n", table.text(), count_of(answer, "/messages"),
                     count_of(answer, "/bytes"));
}

std::string completed(const element& answer) {
  std::string out;
  array all;
  if (answer["mailboxes"].get(all) == simdjson::SUCCESS) {
    for (const element mailbox : all) {
      out += fmt::format("{} is there for {}\n", text_of(mailbox, "name"),
                         text_of(mailbox, "special_use"));
    }
  }
  return out.empty() ? "nothing was missing\n" : out;
}

std::string expunged(const element& answer) {
  Table table({"MAILBOX", "UID", "BYTES", "EXPUNGED"});
  array all;
  if (answer["messages"].get(all) == simdjson::SUCCESS) {
    for (const element mail : all) {
      table.add({count_of(mail, "/mailbox"), count_of(mail, "/uid"), count_of(mail, "/bytes"),
                 text_of(mail, "expunged")});
    }
  }
  return table.is_empty() ? "nothing that could be brought back\n" : table.text();
}

// What stands under `key`, each with its remedy: what is done about it, or can be.
std::string problems_of(const element& answer, std::string_view key, bool& is_sound) {
  std::string out;
  array problems;
  array remedies;
  if (answer[key].get(problems) == simdjson::SUCCESS &&
      answer["remedies"].get(remedies) == simdjson::SUCCESS) {
    auto remedy = remedies.begin();
    for (const element problem : problems) {
      is_sound = false;
      out += std::string(std::string_view(problem));
      out += remedy != remedies.end() ? ": " + std::string(std::string_view(*remedy)) : "";
      out += "\n";
      ++remedy;
    }
  }
  if (const std::int64_t more = number_of(answer, "left_out"); more > 0) {
    out += fmt::format("... and {} more\n", more);
  }
  return out;
}

std::string verified(const element& answer, bool& is_sound) {
  const std::string out = problems_of(answer, "problems", is_sound);
  return out + fmt::format("{}: {} messages, {} bytes, {}\n", text_of(answer, "account"),
                           count_of(answer, "/messages"), count_of(answer, "/bytes"),
                           is_sound ? "sound" : "NOT sound");
}

std::string repaired(const element& answer) {
  bool was_sound = true;
  std::string out = verified(answer, was_sound);
  out.resize(out.rfind(',') + 2);
  return out + (was_sound ? "nothing to mend\n" : "mended\n");
}

std::string put_back(const element& answer, bool& is_all) {
  std::string out;
  array back;
  if (answer["back"].get(back) == simdjson::SUCCESS) {
    for (const element mail : back) {
      bool was_there = false;
      (void)mail["was_there"].get(was_there);  // stays false if it is not said
      out += fmt::format("{}: message {}: {}\n", text_of(mail, "mailbox"), count_of(mail, "/uid"),
                         was_there ? "had been brought in by hand" : "is back");
    }
  }
  array entries;
  if (answer["entries"].get(entries) == simdjson::SUCCESS) {
    for (const element entry : entries) {
      bool is_back = false;
      (void)entry["is_back"].get(is_back);  // stays false if it is not said
      const std::string mailbox = text_of(entry, "mailbox");
      out +=
          fmt::format("{}{}{}: {}\n", mailbox, mailbox.empty() ? "" : ": ", text_of(entry, "what"),
                      is_back ? "back" : "forgotten: set anew since, or its mailbox is gone");
    }
  }
  out += problems_of(answer, "left", is_all);
  return out.empty() ? "nothing was set aside\n" : out;
}

std::string index_state(const element& answer) {
  const std::string state = text_of(answer, "state");
  std::string out = fmt::format("{}: {} of {} messages are indexed", state,
                                count_of(answer, "/indexed"), count_of(answer, "/messages"));
  if (number_of(answer, "skipped") > 0) {
    out += fmt::format(", {} are left to searches", count_of(answer, "/skipped"));
  }
  return out + fmt::format("; {} bytes\n", count_of(answer, "/bytes"));
}

http::Request request_for(const MailboxCommand& command) {
  const std::string path = "/v1/mailboxes/" + http::encode_percent(command.account);
  switch (command.verb) {
    case MailboxVerb::list:
    case MailboxVerb::export_mail:
      return {"GET", path, {}, {}, true};
    case MailboxVerb::complete:
      return {"POST", path + "/complete", {}, {}, true};
    case MailboxVerb::verify:
      return {"GET", path + "/verify", {}, {}, true};
    case MailboxVerb::repair:
      return {"POST", path + "/repair", {}, {}, true};
    case MailboxVerb::put_back:
      return {"POST", path + "/put-back", {}, {}, true};
    case MailboxVerb::expunged:
      return {"GET", path + "/expunged", {}, {}, true};
    case MailboxVerb::undelete: {
      std::string target = path + "/undelete?";
      target += command.mailbox.empty() ? "" : "mailbox=" + http::encode_percent(command.mailbox);
      target += command.uid == 0 ? "" : "&uid=" + std::to_string(command.uid);
      return {"POST", std::move(target), {}, {}, true};
    }
    case MailboxVerb::index:
      return {command.rebuild ? "POST" : "GET", path + "/index", {}, {}, true};
  }
  return {};
}

}  // namespace

int run_mailbox_command(const MailboxCommand& command, ControlTransport& control,
                        const Terminal& terminal) {
  if (command.verb == MailboxVerb::export_mail) {
    return export_mailboxes(command, control, terminal);
  }
  if (command.verb == MailboxVerb::repair && command.puts_back) {
    MailboxCommand rather = command;
    rather.verb = MailboxVerb::put_back;
    return run_mailbox_command(rather, control, terminal);
  }
  const auto response = control.call(request_for(command));
  if (const int failed = report_failure(response, terminal); failed != exit_ok) {
    return failed;
  }
  simdjson::dom::parser parser;
  element answer;
  if (parser.parse(simdjson::padded_string(response.body)).get(answer) != simdjson::SUCCESS) {
    terminal.complain("the server's answer is no JSON: are program and server of one version?");
    return exit_no;
  }
  bool is_sound = true;
  std::string text;
  switch (command.verb) {
    case MailboxVerb::list:
    case MailboxVerb::export_mail:
      text = mailboxes(answer);
      break;
    case MailboxVerb::complete:
      text = completed(answer);
      break;
    case MailboxVerb::verify:
      text = verified(answer, is_sound);
      break;
    case MailboxVerb::repair:
      text = repaired(answer);
      break;
    case MailboxVerb::put_back:
      text = put_back(answer, is_sound);
      break;
    case MailboxVerb::expunged:
      text = expunged(answer);
      break;
    case MailboxVerb::undelete:
      text = count_of(answer, "/restored") + " brought back\n";
      break;
    case MailboxVerb::index:
      text = index_state(answer);
      break;
  }
  terminal.print(command.json ? response.body : text);
  return is_sound ? exit_ok : exit_no;
}

}  // namespace postrider::tools
