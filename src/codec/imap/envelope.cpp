#include <vector>

#include <postrider/codec/imap/envelope.hpp>
#include <postrider/codec/imap/response.hpp>
#include <postrider/codec/mime/address.hpp>

namespace postrider::imap {
namespace {

// A field of one line, without what no string may hold.
std::string clean(std::string_view value) {
  std::string out = mime::unfold(value);
  for (char& c : out) {
    c = c == '\0' ? ' ' : c;
  }
  return out;
}

void append_or_nil(std::string_view text, std::string& out) {
  if (text.empty()) {
    out += "NIL";
  } else {
    encode_string(text, out);
  }
}

void append_mailbox(const mime::Mailbox& mailbox, std::string& out) {
  out += '(';
  append_or_nil(mailbox.name(), out);
  out += ' ';
  append_or_nil(mailbox.route, out);
  out += ' ';
  // NIL in these two would make it a group's begin or end.
  encode_string(mailbox.local_part, out);
  out += ' ';
  encode_string(mailbox.domain, out);
  out += ')';
}

void append_address(const mime::Address& address, std::string& out) {
  if (address.is_group) {
    out += "(NIL NIL ";
    encode_string(address.group_name, out);
    out += " NIL)";
  }
  for (const mime::Mailbox& mailbox : address.mailboxes) {
    append_mailbox(mailbox, out);
  }
  if (address.is_group) {
    out += "(NIL NIL NIL NIL)";
  }
}

// At commas outside quotes, comments and angle brackets.
std::vector<std::string_view> split_addresses(std::string_view text) {
  std::vector<std::string_view> out;
  bool quoted = false;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\') {
      ++at;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '(' || c == '<')) {
      ++depth;
    } else if (!quoted && (c == ')' || c == '>')) {
      --depth;
    } else if (c == ',' && !quoted && depth <= 0) {
      out.push_back(text.substr(begin, at - begin));
      begin = at + 1;
    }
  }
  out.push_back(text.substr(begin));
  return out;
}

// False: there is nothing in it.
bool append_addresses(const mime::HeaderField* field, std::string& out) {
  if (field == nullptr) {
    return false;
  }
  const std::string value = clean(field->value);
  if (value.empty()) {
    return false;
  }
  std::string list;
  if (const auto parsed = mime::parse_address_list(value)) {
    for (const mime::Address& address : *parsed) {
      append_address(address, list);
    }
  } else {
    for (const std::string_view one : split_addresses(value)) {
      const std::string text = mime::unfold(one);
      if (const auto alone = mime::parse_address_list(text)) {
        for (const mime::Address& address : *alone) {
          append_address(address, list);
        }
      } else if (!text.empty()) {
        append_mailbox({.display_name = text}, list);
      }
    }
  }
  if (list.empty()) {
    return false;
  }
  out.append("(").append(list).append(")");
  return true;
}

void append_field(const mime::HeaderField* field, std::string& out) {
  if (field == nullptr) {
    out += "NIL";
  } else {
    encode_string(clean(field->value), out);
  }
}

}  // namespace

void encode_envelope(const mime::HeaderSection& header, std::string& out) {
  out += '(';
  append_field(header.find("Date"), out);
  out += ' ';
  append_field(header.find("Subject"), out);
  std::string from;
  if (!append_addresses(header.find("From"), from)) {
    from = "NIL";
  }
  out += ' ' + from;
  // RFC 9051 7.5.2: without one of their own, these are From's.
  for (const std::string_view name : {"Sender", "Reply-To"}) {
    out += ' ';
    if (!append_addresses(header.find(name), out)) {
      out += from;
    }
  }
  for (const std::string_view name : {"To", "Cc", "Bcc"}) {
    out += ' ';
    if (!append_addresses(header.find(name), out)) {
      out += "NIL";
    }
  }
  out += ' ';
  append_field(header.find("In-Reply-To"), out);
  out += ' ';
  append_field(header.find("Message-ID"), out);
  out += ')';
}

void encode_envelope(std::string_view header, std::string& out) {
  const auto section = mime::scan_header(header);
  encode_envelope(section ? *section : mime::HeaderSection{}, out);
}

}  // namespace postrider::imap
