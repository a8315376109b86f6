#include "command_table.hpp"

#include <algorithm>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/imap/command_parser.hpp>
#include <postrider/codec/imap/date_time.hpp>
#include <postrider/codec/imap/limits.hpp>

namespace postrider::imap {
namespace {

// RFC 9051 9: any ASTRING-CHAR but "+".
bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= tag_octets_max && std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7F && std::string_view("(){%*\"\\+").find(c) == std::string_view::npos;
  });
}

std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find_first_of(" {\r\n"));
  text.remove_prefix(word.size());
  return word;
}

Result<Command, ParseError> no_such_command() {
  return failure(ParseError{ParseError::Kind::unknown_command, "unknown command"});
}

}  // namespace

CommandHead parse_command_head(std::string_view text) {
  CommandHead head;
  const std::string_view tag = take_word(text);
  if (!is_tag(tag)) {
    return head;
  }
  head.tag = tag;
  if (!text.starts_with(' ')) {
    return head;
  }
  text.remove_prefix(1);
  head.name = take_word(text);
  if (equals_ignoring_case(head.name, "UID") && text.starts_with(' ')) {
    head.uid = true;
    text.remove_prefix(1);
    head.name = take_word(text);
  }
  head.rest = text;
  return head;
}

Result<Command, ParseError> parse_command(std::string_view text, NameForm form) {
  const CommandHead head = parse_command_head(text);
  if (head.tag.empty()) {
    return failure(ParseError{ParseError::Kind::syntax, "a command begins with a tag"});
  }
  const CommandRow* row = find_command(head.name, head.uid);
  if (row == nullptr) {
    return no_such_command();
  }
  if (row->parse == nullptr) {
    return failure(ParseError{ParseError::Kind::syntax, "expected a literal with the message"});
  }
  Reader in(text, text.size() - head.rest.size(), form);
  Command command{std::string(head.tag), row->verb, row->parse(in, head.uid)};
  in.end();
  if (!in.ok()) {
    return failure(in.take_error());
  }
  return command;
}

Result<AppendParser::Outcome, ParseError> AppendParser::feed(std::string_view text, bool ends) {
  const CommandHead head = begun_ ? CommandHead{} : parse_command_head(text);
  Reader in(text, begun_ ? 0 : text.size() - head.rest.size(), form_);
  if (!begun_) {
    const CommandRow* row = find_command(head.name, head.uid);
    check(row != nullptr && row->parse == nullptr, "neither APPEND nor REPLACE");
    command_.tag = head.tag;
    command_.verb = row->verb;
    uid_ = head.uid;
    in.space();
    if (row->verb == Verb::replace) {
      number_ = in.take('*') ? SequenceSet::star : in.nz_number("a message's number");
      in.space();
    }
    arguments_.mailbox = in.mailbox();
    if (in.wants_literal() && !ends) {
      return Outcome::name;
    }
    begun_ = in.ok();
  } else if (std::exchange(inside_utf8_, false)) {
    in.expect(')');
  }
  if (ends) {
    if (arguments_.messages.empty()) {
      in.fail("expected a literal with the message");
    }
    in.end();
    return in.ok() ? Result<Outcome, ParseError>(Outcome::end) : failure(in.take_error());
  }
  const std::size_t most = command_.verb == Verb::replace ? 1 : append_messages_max;
  if (arguments_.messages.size() == most) {
    in.fail("too many messages", ParseError::Kind::limit);
  }
  take_message(in);
  return in.ok() ? Result<Outcome, ParseError>(Outcome::message) : failure(in.take_error());
}

Command AppendParser::take_command() {
  if (command_.verb == Verb::replace) {
    command_.arguments = ReplaceArguments{uid_, number_, std::move(arguments_)};
  } else {
    command_.arguments = std::move(arguments_);
  }
  return std::move(command_);
}

// [SP flag-list] [SP date-time] SP append-data
void AppendParser::take_message(Reader& in) {
  AppendMessage message;
  in.space();
  if (in.sees('(')) {
    message.flags = in.flag_list(false);
    in.space();
  }
  if (in.sees('"')) {
    message.internal_date = parse_date_time(in.string("a date"));
    if (!message.internal_date) {
      in.fail("expected a date as \"01-Feb-1994 21:52:25 -0800\"");
    }
    in.space();
  }
  if (in.take_word("UTF8")) {
    in.space();
    in.expect('(');
    message.is_utf8 = inside_utf8_ = true;
  }
  const Reader::MessageHeader header = in.message_header();
  message.octets = header.octets;
  message.is_binary = header.is_binary;
  if (message.is_utf8 && !message.is_binary) {
    in.fail("UTF8 takes a literal8");  // RFC 6855 4
  }
  if (in.ok()) {
    arguments_.messages.push_back(std::move(message));
  }
}

}  // namespace postrider::imap
