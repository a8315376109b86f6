#include "entity.hpp"

#include <algorithm>
#include <array>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/mime/encoded_word.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/message_id.hpp>
#include <postrider/codec/mime/multipart.hpp>
#include <postrider/codec/report/recognition.hpp>

namespace postrider::report {

namespace {

constexpr std::size_t max_sent_to = 20;
constexpr std::size_t max_plain_recipients = 20;
constexpr std::size_t max_plain_octets = 64 * 1024;  // of a text that is searched for failures

std::string text_of(const mime::HeaderSection& section, std::string_view name) {
  const mime::HeaderField* const field = section.find(name);
  return field == nullptr ? std::string() : mime::unfold(field->value);
}

// RFC 3463 2: class.subject.detail.
std::size_t enhanced_code_octets(std::string_view text) {
  std::size_t at = 0;
  for (unsigned part = 0; part < 3; ++part) {
    if (part > 0 && (at >= text.size() || text[at++] != '.')) {
      return 0;
    }
    const std::size_t begin = at;
    while (at < text.size() && is_ascii_digit(text[at])) {
      ++at;
    }
    constexpr std::size_t most_digits = 3;
    if (at == begin || at - begin > (part == 0 ? 1 : most_digits)) {
      return 0;
    }
  }
  const bool is_class = text.front() == '2' || text.front() == '4' || text.front() == '5';
  return is_class && (at == text.size() || !is_ascii_alpha(text[at])) ? at : 0;
}

void classify(ReturnedRecipient& recipient, const BounceRules& rules) {
  recipient.is_permanent = recipient.action == "failed" && !recipient.status.starts_with('4');
  recipient.bounce_class = rules.classify(
      {.enhanced = recipient.status, .reply = recipient.reply, .text = recipient.text});
}

void read_original(std::string_view octets, ReturnedMessage& original) {
  const auto section = mime::scan_header(octets);
  if (!section) {
    return;
  }
  original.message_id = mime::parse_message_id(text_of(*section, "Message-ID")).value_or("");
  original.subject = mime::decode_words(text_of(*section, "Subject"));
  if (original.sender.empty()) {
    std::string path = text_of(*section, "Return-Path");
    if (path.starts_with('<') && path.ends_with('>')) {
      original.sender = path.substr(1, path.size() - 2);
    }
  }
}

void read_dsn(const ParsedDsn& dsn, const BounceRules& rules, Recognized& found) {
  found.kind = ReturnKind::dsn;
  found.reason = "multipart/report of delivery-status";
  found.reporter = dsn.status.reporting_mta;
  found.original.envelope_id = dsn.status.envelope_id.value_or("");
  for (const RecipientStatus& status : dsn.status.recipients) {
    ReturnedRecipient recipient{
        .recipient = status.final.address,
        .original_recipient = status.original ? status.original->address : std::string(),
        .action = std::string(name_of(status.action)),
        .status = status.status,
        .remote_mta = status.remote_mta.value_or(""),
        .text = status.diagnostic.value_or("")};
    recipient.reply = reply_code_of(recipient.text);
    // Many reports say 5.0.0 where the host said more.
    const std::string_view said = enhanced_code_of(recipient.text);
    if (!said.empty() && recipient.status.ends_with(".0.0")) {
      recipient.status = said;
    }
    if (status.action == Action::failed || status.action == Action::delayed) {
      classify(recipient, rules);
    }
    found.recipients.push_back(std::move(recipient));
  }
  if (dsn.original) {
    read_original(*dsn.original, found.original);
  }
}

void read_feedback(const FeedbackReport& report, Recognized& found) {
  found.kind = ReturnKind::feedback;
  found.reason = "multipart/report of feedback-report";
  found.reporter = report.reporting_mta.value_or(report.user_agent);
  found.feedback_type = report.feedback_type;
  found.original.envelope_id = report.original_envelope_id.value_or("");
  found.original.sender = report.original_mail_from.value_or("");
  if (report.original) {
    read_original(*report.original, found.original);
  }
  for (const std::string& address : report.original_recipients) {
    found.recipients.push_back(
        {.recipient = address, .action = "complained", .bounce_class = report.feedback_type});
  }
  if (found.recipients.empty()) {
    found.recipients.push_back({.action = "complained", .bounce_class = report.feedback_type});
  }
}

// RFC 3834 5, and what programs did before it.
std::optional<std::string> autoreply_sign(const mime::HeaderSection& section) {
  const std::string submitted = to_lower(text_of(section, "Auto-Submitted"));
  if (submitted.starts_with("auto-replied")) {
    return "Auto-Submitted: auto-replied";
  }
  constexpr std::array<std::string_view, 4> fields = {"X-Autoreply", "X-Autorespond",
                                                      "X-Autoreply-From", "X-Mail-Autoreply"};
  for (const std::string_view name : fields) {
    if (section.has(name) && !equals_ignoring_case(text_of(section, name), "no")) {
      return std::string(name);
    }
  }
  if (equals_ignoring_case(text_of(section, "Precedence"), "auto_reply") ||
      equals_ignoring_case(text_of(section, "X-Precedence"), "auto_reply")) {
    return "Precedence: auto_reply";
  }
  if (!submitted.starts_with("no") && section.has("Auto-Submitted") == false) {
    const std::string subject = to_lower(mime::decode_words(text_of(section, "Subject")));
    for (const std::string_view begin :
         {"out of office", "automatic reply", "auto reply", "autoreply", "auto-reply"}) {
      if (subject.starts_with(begin)) {
        return "Subject: " + std::string(begin);
      }
    }
  }
  return std::nullopt;
}

// Whether who wrote it calls itself a mail system: a null reverse-path, or its usual names.
bool is_from_a_mail_system(const mime::HeaderSection& section) {
  if (text_of(section, "Return-Path") == "<>") {
    return true;
  }
  const auto from = mime::parse_address_list(text_of(section, "From"));
  if (!from) {
    return false;
  }
  return std::ranges::any_of(mime::flatten(*from), [](const mime::Mailbox& mailbox) {
    return equals_ignoring_case(mailbox.local_part, "mailer-daemon") ||
           equals_ignoring_case(mailbox.local_part, "postmaster");
  });
}

bool is_about_failure(const mime::HeaderSection& section) {
  const std::string subject = to_lower(mime::decode_words(text_of(section, "Subject")));
  for (const std::string_view word :
       {"undeliver", "failure notice", "delivery fail", "returned mail", "mail delivery",
        "delivery status", "could not be delivered", "delivery problem"}) {
    if (subject.find(word) != std::string::npos) {
      return true;
    }
  }
  return false;
}

// The first text of the message, itself or within a multipart.
std::string first_text(std::string_view message) {
  const auto entity = read_entity(message);
  if (!entity) {
    return {};
  }
  if (entity->type.type == "text") {
    return entity->body.substr(0, max_plain_octets);
  }
  for (const std::string_view part :
       mime::split_multipart(entity->body, entity->type.parameter("boundary").value_or(""))) {
    const auto inner = read_entity(part);
    if (inner && inner->type.type == "text") {
      return inner->body.substr(0, max_plain_octets);
    }
  }
  return {};
}

// An address at the beginning of a line, as qmail, Exim and others write it: "<a@b>:", "  a@b".
std::optional<std::string> address_at_begin(std::string_view line) {
  line = trim_wsp(line);
  const bool has_bracket = line.starts_with('<');
  if (has_bracket) {
    line.remove_prefix(1);
  }
  const std::size_t end = std::min(line.find_first_of(has_bracket ? ">" : " \t:,;"), line.size());
  const std::string_view word = line.substr(0, end);
  const std::string_view rest = line.substr(std::min(line.size(), end + (has_bracket ? 1 : 0)));
  constexpr std::size_t longest_address = 320;
  const bool stands_alone = rest.empty() || rest.front() == ':';
  const std::size_t at = word.rfind('@');
  if (!stands_alone || at == std::string_view::npos || at == 0 || at + 1 == word.size() ||
      word.size() > longest_address || word.find_first_of("<>\"'() \t") != std::string_view::npos) {
    return std::nullopt;
  }
  return std::string(word);
}

// What is below an address and above the next: its reason.
void read_plain(std::string_view text, const BounceRules& rules, Recognized& found) {
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    // Below it stands the message that came back.
    if (line.starts_with("--- Below this line") || line.starts_with("------ This is a copy")) {
      break;
    }
    if (auto address = address_at_begin(line);
        address && found.recipients.size() < max_plain_recipients) {
      found.recipients.push_back({.recipient = std::move(*address), .action = "failed"});
      line = line.substr(std::min(line.size(), line.find(':') == std::string_view::npos
                                                   ? line.size()
                                                   : line.find(':') + 1));
    }
    if (found.recipients.empty()) {
      continue;
    }
    ReturnedRecipient& recipient = found.recipients.back();
    const std::string_view words = trim_wsp(line);
    if (!words.empty() && recipient.text.size() < max_classified_octets) {
      recipient.text += (recipient.text.empty() ? "" : " ") + std::string(words);
    }
  }
  for (ReturnedRecipient& recipient : found.recipients) {
    // The first place that looks like a reply, be it in the middle of a line.
    for (std::size_t at = 0; at < recipient.text.size() && recipient.reply.empty(); ++at) {
      if (at == 0 || !is_ascii_digit(recipient.text[at - 1])) {
        const std::string_view rest = std::string_view(recipient.text).substr(at);
        recipient.reply = reply_code_of(rest);
        recipient.status = enhanced_code_of(rest);
      }
    }
    for (std::size_t at = 0; at < recipient.text.size() && recipient.status.empty(); ++at) {
      if (at == 0 || !is_ascii_digit(recipient.text[at - 1])) {
        recipient.status =
            std::string_view(recipient.text)
                .substr(at, enhanced_code_octets(std::string_view(recipient.text).substr(at)));
      }
    }
    classify(recipient, rules);
    if (recipient.status.empty() && recipient.reply.starts_with('4')) {
      recipient.is_permanent = false;
    }
  }
}

std::vector<std::string> read_sent_to(const mime::HeaderSection& section) {
  std::vector<std::string> addresses;
  for (const std::string_view name : {"Delivered-To", "X-Original-To", "Envelope-To", "To"}) {
    const auto list = mime::parse_address_list(text_of(section, name));
    for (const mime::Mailbox& mailbox :
         list ? mime::flatten(*list) : std::vector<mime::Mailbox>()) {
      const std::string address = mailbox.addr_spec();
      if (addresses.size() < max_sent_to &&
          std::ranges::find(addresses, address) == addresses.end()) {
        addresses.push_back(address);
      }
    }
  }
  return addresses;
}

}  // namespace

std::string_view name_of(ReturnKind kind) {
  switch (kind) {
    case ReturnKind::ordinary:
      return "ordinary";
    case ReturnKind::dsn:
      return "dsn";
    case ReturnKind::feedback:
      return "feedback";
    case ReturnKind::autoreply:
      return "autoreply";
    case ReturnKind::plain_bounce:
      return "plain-bounce";
  }
  return "ordinary";
}

std::string_view reply_code_of(std::string_view text) {
  const bool is_code = text.size() >= 3 && (text[0] == '4' || text[0] == '5') && text[1] >= '0' &&
                       text[1] <= '5' && is_ascii_digit(text[2]) &&
                       (text.size() == 3 || text[3] == ' ' || text[3] == '-');
  return is_code ? text.substr(0, 3) : std::string_view();
}

std::string_view enhanced_code_of(std::string_view text) {
  if (!reply_code_of(text).empty()) {
    text.remove_prefix(std::min<std::size_t>(text.size(), 4));
  }
  while (text.starts_with('#') || text.starts_with('(') || text.starts_with('[')) {
    text.remove_prefix(1);
  }
  return text.substr(0, enhanced_code_octets(text));
}

Recognized recognize(std::string_view message, const BounceRules& rules) {
  Recognized found;
  const auto section = mime::scan_header(message);
  if (!section) {
    found.reason = "the header can't be read";
    return found;
  }
  found.sent_to = read_sent_to(*section);
  if (const auto dsn = parse_dsn(message)) {
    read_dsn(*dsn, rules, found);
  } else if (const auto feedback = parse_feedback_report(message)) {
    read_feedback(*feedback, found);
  } else if (is_from_a_mail_system(*section) && is_about_failure(*section)) {
    found.kind = ReturnKind::plain_bounce;
    found.reason = "a mail system writes of a failure";
    read_plain(first_text(message), rules, found);
  } else if (auto sign = autoreply_sign(*section)) {
    found.kind = ReturnKind::autoreply;
    found.reason = std::move(*sign);
    const auto ids = mime::parse_message_ids(text_of(*section, "In-Reply-To"));
    found.original.message_id = ids.empty() ? std::string() : ids.front();
  } else {
    found.reason = "neither a report nor an automatic answer";
  }
  return found;
}

}  // namespace postrider::report
