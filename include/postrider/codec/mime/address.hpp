#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>

namespace postrider::mime {

// A mailbox of RFC 5322 3.4 as a value: quotes, escapes, other comments and folding are gone.
struct Mailbox {
  std::string display_name;  // not decoded by RFC 2047; empty if there is none
  std::string local_part;    // what the quotes hold, if it was quoted
  std::string domain;        // or a domain literal with its brackets
  std::string route;         // RFC 5322 4.4: "@a.example,@b.example" in front of it
  std::string comment;       // behind one without angle brackets: an old way to write a name
  friend bool operator==(const Mailbox&, const Mailbox&) = default;
  // Whose it is: the display name, else the comment.
  [[nodiscard]] const std::string& name() const {
    return display_name.empty() ? comment : display_name;
  }
  // local-part@domain, quoted where it must be. Empty only if both are.
  [[nodiscard]] std::string addr_spec() const;
};

// An address: a mailbox, or a group of them, which may be empty ("undisclosed-recipients:;").
struct Address {
  bool is_group = false;
  std::string group_name;
  std::vector<Mailbox> mailboxes;  // exactly one unless it is a group
  friend bool operator==(const Address&, const Address&) = default;
};

enum class AddressErrorKind {
  syntax,              // not an address list: treat the field as unreadable
  not_utf8,            // RFC 6532 3: treat the field as unreadable
  too_many_addresses,  // past max_addresses
  too_deep,            // comments past max_comment_depth
};
struct AddressError {
  AddressErrorKind kind;
  std::size_t offset;  // in the text, where it was noticed
};

// In: a field's value, folded or not.
// Syntax: RFC 5322 3.4 with 4.4 (obs-route, empty elements, blanks and comments around dots), RFC
// 6532. Cost: linear. Errors: see AddressErrorKind; an empty list is one.
[[nodiscard]] Result<std::vector<Address>, AddressError> parse_address_list(std::string_view text);
// One mailbox and nothing else, as in Sender.
[[nodiscard]] Result<Mailbox, AddressError> parse_mailbox(std::string_view text);
// The mailboxes of all addresses, groups opened.
[[nodiscard]] std::vector<Mailbox> flatten(const std::vector<Address>& list);

// "Name <local@domain>": the name is quoted, or encoded by RFC 2047 if it is not ASCII and
// `utf8_allowed` is false. Control characters in the name become blanks.
[[nodiscard]] std::string encode_mailbox(const Mailbox& mailbox, bool utf8_allowed);
// `text` as dot-atom if it is one, else as quoted-string (RFC 5322 3.4.1).
[[nodiscard]] std::string encode_local_part(std::string_view text);

}  // namespace postrider::mime
