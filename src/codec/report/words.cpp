#include "words.hpp"

#include "explanation.hpp"
#include "one_line.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/encoded_word.hpp>
#include <postrider/codec/report/limits.hpp>

namespace postrider::report {

namespace {

constexpr std::size_t columns = 76;

// Words on lines of their own, each line behind the same blanks.
void add_paragraph(std::string& out, std::string_view text, std::size_t indent) {
  std::size_t column = 0;
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty()) {
      continue;
    }
    if (column > 0 && column + 1 + word.size() > columns) {
      out += "\r\n";
      column = 0;
    }
    if (column == 0) {
      out += std::string(indent, ' ');
      column = indent;
    } else {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  out += "\r\n";
}

// What a peer or the sender wrote: one line, nothing in it that could pass for our own layout.
std::string quoted(std::string_view text) {
  return with_short_words(quoted_for_log(one_line(text, true), max_quoted_reply_octets));
}

std::string_view heading_of(Action action) {
  switch (action) {
    case Action::failed:
      return "Your message could not be delivered to:";
    case Action::delayed:
      return "Your message has not yet been delivered to the following, and is still being tried. "
             "You "
             "need not do anything.";
    case Action::delivered:
      return "Your message was delivered to:";
    case Action::relayed:
      return "Your message was handed on for the following, to a mail system that sends no report "
             "of "
             "delivery:";
    case Action::expanded:
      return "Your message was delivered to the following, and sent on from there:";
  }
  return "";
}

void add_recipient(std::string& out, const RecipientStatus& recipient) {
  const bool renamed = recipient.original && recipient.original->address != recipient.final.address;
  out += fmt::format("  <{}>", quoted(recipient.final.address));
  if (renamed) {
    out += fmt::format("\r\n    (you wrote to <{}>)", quoted(recipient.original->address));
  }
  out += "\r\n";
  if (recipient.action != Action::failed && recipient.action != Action::delayed) {
    return;
  }
  const Explanation explanation = explain(recipient.status);
  add_paragraph(out, explanation.what, 4);
  if (recipient.diagnostic) {
    if (recipient.diagnostic_type == "smtp" && recipient.remote_mta) {
      add_paragraph(out, fmt::format("The server {} said:", quoted(*recipient.remote_mta)), 4);
    } else {
      add_paragraph(out, "In the words of the mail system:", 4);
    }
    add_paragraph(out, quoted(*recipient.diagnostic), 6);
  }
  if (recipient.action == Action::failed) {
    add_paragraph(out, fmt::format("What you can do: {}", explanation.todo), 4);
  } else if (recipient.will_retry_until) {
    add_paragraph(
        out,
        fmt::format("It will be tried until {}.", encode_rfc5322_date(*recipient.will_retry_until)),
        4);
  }
  out += "\r\n";
}

void add_group(std::string& out, const DeliveryStatus& status, Action action, std::size_t& room) {
  const auto of_group = [&](const RecipientStatus& recipient) {
    return recipient.action == action;
  };
  const auto total = static_cast<std::size_t>(std::ranges::count_if(status.recipients, of_group));
  if (total == 0) {
    return;
  }
  add_paragraph(out, heading_of(action), 0);
  out += "\r\n";
  std::size_t told = 0;
  for (const RecipientStatus& recipient : status.recipients) {
    if (of_group(recipient) && room > 0) {
      add_recipient(out, recipient);
      --room;
      ++told;
    }
  }
  if (told < total) {
    add_paragraph(out, fmt::format("and to {} more, whom the attached report names.", total - told),
                  2);
  }
  if (!out.ends_with("\r\n\r\n")) {
    out += "\r\n";
  }
}

std::string field_of(const mime::HeaderSection& original, std::string_view name) {
  const mime::HeaderField* field = original.find(name);
  return field == nullptr ? std::string() : mime::decode_words(field->value);
}

}  // namespace

std::string subject_in_words(const DeliveryStatus& status, const mime::HeaderSection& original) {
  const auto has = [&](Action action) {
    return std::ranges::find(status.recipients, action, &RecipientStatus::action) !=
           status.recipients.end();
  };
  std::string_view what = "Delivered";
  if (has(Action::failed)) {
    what = "Not delivered";
  } else if (has(Action::delayed)) {
    what = "Delayed";
  }
  constexpr std::size_t longest = 200;
  const std::string subject = quoted_for_log(field_of(original, "Subject"), longest);
  return subject.empty() ? std::string(what) + ": your message"
                         : fmt::format("{}: {}", what, subject);
}

std::string report_in_words(const DeliveryStatus& status, const mime::HeaderSection& original) {
  std::string out;
  add_paragraph(
      out,
      fmt::format("This is the mail system at {}, with a report about a message of yours.",
                  quoted(status.reporting_mta)),
      0);
  out += "\r\n";
  std::size_t room = max_recipients_in_words;
  for (const Action action :
       {Action::failed, Action::delayed, Action::delivered, Action::relayed, Action::expanded}) {
    add_group(out, status, action, room);
  }
  std::string about;
  for (const std::string_view name : {"Subject", "Date", "To", "Message-ID"}) {
    constexpr std::size_t longest = 300;
    const std::string value = quoted_for_log(field_of(original, name), longest);
    if (!value.empty()) {
      add_paragraph(about, fmt::format("{}: {}", name, value), 2);
    }
  }
  if (!about.empty()) {
    out += "The message was:\r\n\r\n" + about + "\r\n";
  }
  add_paragraph(
      out,
      "The report for mail programs is attached; if you ask someone for help, forward this "
      "message whole.",
      0);
  return out;
}

}  // namespace postrider::report
