#include "bounce_command.hpp"

#include "message_file.hpp"

#include <fmt/core.h>
#include <fstream>
#include <iterator>
#include <optional>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/report/recognition.hpp>

namespace postrider::tools {

namespace {

std::string encode(const report::Recognized& found) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("kind", report::name_of(found.kind)).member("reason", found.reason);
  json.member("reporter", found.reporter).member("feedback_type", found.feedback_type);
  json.key("recipients").begin_array();
  for (const report::ReturnedRecipient& one : found.recipients) {
    json.begin_object().member("recipient", one.recipient);
    json.member("original_recipient", one.original_recipient).member("action", one.action);
    json.member("class", one.bounce_class).member("permanent", one.is_permanent);
    json.member("status", one.status).member("reply", one.reply);
    json.member("remote_mta", one.remote_mta).member("text", one.text).end_object();
  }
  json.end_array().key("message").begin_object();
  json.member("envelope_id", found.original.envelope_id);
  json.member("message_id", found.original.message_id);
  json.member("sender", found.original.sender).member("subject", found.original.subject);
  json.end_object().key("sent_to").begin_array();
  for (const std::string& address : found.sent_to) {
    json.value(address);
  }
  json.end_array().end_object();
  return out + "\n";
}

std::string words(const report::Recognized& found) {
  std::string out = fmt::format("{}: {}\n", report::name_of(found.kind), found.reason);
  const auto add = [&](const char* what, const std::string& text) {
    if (!text.empty()) {
      out += fmt::format("{}: {}\n", what, quoted_for_log(text));
    }
  };
  add("reported by", found.reporter);
  add("about envelope", found.original.envelope_id);
  add("about message", found.original.message_id);
  add("sent by", found.original.sender);
  add("subject", found.original.subject);
  Table table({"RECIPIENT", "ACTION", "CLASS", "STATUS", "TEXT"});
  for (const report::ReturnedRecipient& one : found.recipients) {
    constexpr std::size_t columns = 80;
    table.add({quoted_for_log(one.recipient, columns), one.action, one.bounce_class, one.status,
               quoted_for_log(one.text, columns)});
  }
  return table.is_empty() ? out : out + table.text();
}

std::optional<report::BounceRules> load_rules(const std::filesystem::path& file,
                                              const Terminal& terminal) {
  if (file.empty()) {
    return report::BounceRules::built_in();
  }
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in) {
    terminal.complain(fmt::format("{}: can't be read: name a file of rules", file.string()));
    return std::nullopt;
  }
  auto rules = report::BounceRules::parse(text);
  if (!rules) {
    terminal.complain(
        fmt::format("{}: {}: see bounce --print-rules", file.string(), rules.error()));
    return std::nullopt;
  }
  return std::move(*rules);
}

}  // namespace

int run_bounce_command(const BounceCommand& command, const Terminal& terminal) {
  if (command.print_rules) {
    terminal.print(report::BounceRules::built_in_text());
    return exit_ok;
  }
  if (command.file.empty()) {
    terminal.complain("bounce: name the file of a message, or - for standard input");
    return exit_usage;
  }
  const auto rules = load_rules(command.rules, terminal);
  const auto message = rules ? read_message(command.file, terminal) : std::nullopt;
  if (!message) {
    return exit_usage;
  }
  const auto found = report::recognize(*message, *rules);
  terminal.print(command.json ? encode(found) : words(found));
  return found.kind == report::ReturnKind::ordinary ? exit_no : exit_ok;
}

}  // namespace postrider::tools
