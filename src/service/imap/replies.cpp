#include "replies.hpp"

#include <postrider/base/assert.hpp>

namespace postrider::imap {

using store::MailError;

Status completed(const Command& command) {
  return {Status::Kind::ok, "", std::string(name_of(command.verb)) + " completed"};
}

Status refused(std::string_view code, std::string_view text) {
  return {Status::Kind::no, std::string(code), std::string(text)};
}

Status bad(std::string_view text) {
  return {Status::Kind::bad, "", std::string(text)};
}

// RFC 5530 3.
Status refusal_of(MailError error) {
  switch (error) {
    case MailError::not_found:
      return refused("NONEXISTENT", "No such mailbox");
    case MailError::exists:
      return refused("ALREADYEXISTS", "A mailbox of that name exists");
    case MailError::over_quota:
      return refused("OVERQUOTA", "That would be more than there is room for");
    case MailError::invalid:
      return refused("CANNOT", "The name or value can't be kept");
    case MailError::full:
      return refused("UNAVAILABLE", "The disk is full: try again later");
    case MailError::io:
    case MailError::closed:
      return refused("UNAVAILABLE", "The store does not answer: try again later");
    case MailError::corrupt:
      return refused("CORRUPTION", "A record of the mailbox can't be read");
  }
  check(false, "a MailError without a reply");
  return {};
}

Status refusal_of_target(MailError error) {
  return error == MailError::not_found ? refused("TRYCREATE", "No such mailbox")
                                       : refusal_of(error);
}

}  // namespace postrider::imap
