#include "server_replies.hpp"

#include <array>
#include <string_view>

#include <postrider/base/assert.hpp>

namespace postrider::smtp {
namespace {

struct Row {
  Say what;
  std::uint16_t code;
  EnhancedCode enhanced;
  std::string_view text;
};

// RFC 5321 4.2.2 and 4.3.2, RFC 3463, RFC 5248, RFC 4954 6.
constexpr std::array rows = {
    Row{Say::ok, 250, {2, 0, 0}, "Ok"},
    Row{Say::sender_ok, 250, {2, 1, 0}, "Sender ok"},
    Row{Say::recipient_ok, 250, {2, 1, 5}, "Recipient ok"},
    Row{Say::reset, 250, {2, 0, 0}, "Reset"},
    Row{Say::bye, 221, {2, 0, 0}, "Bye"},
    Row{Say::go_ahead, 354, {}, "End data with <CR><LF>.<CR><LF>"},
    Row{Say::start_tls, 220, {2, 0, 0}, "Ready to start TLS"},
    Row{Say::auth_ok, 235, {2, 7, 0}, "Authentication succeeded"},
    Row{Say::cannot_verify, 252, {2, 5, 2}, "Not verified; send a message and see"},
    Row{Say::help,
        214,
        {2, 0, 0},
        "EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY STARTTLS AUTH QUIT\nSee RFC 5321"},
    Row{Say::not_implemented, 502, {5, 5, 1}, "Command not implemented"},
    Row{Say::unknown_verb, 500, {5, 5, 1}, "Command not recognized"},
    Row{Say::line_too_long, 500, {5, 5, 2}, "Line too long"},
    Row{Say::bare_line_break, 500, {5, 5, 2}, "CR, LF or NUL inside a command: lines end in CRLF"},
    Row{Say::no_such_argument, 501, {5, 5, 4}, "This command takes no argument"},
    Row{Say::argument_missing, 501, {5, 5, 4}, "Argument missing"},
    Row{Say::helo_syntax, 501, {5, 5, 4}, "Give a domain or an address literal"},
    Row{Say::mail_syntax, 501, {5, 5, 4}, "Syntax: MAIL FROM:<address>"},
    Row{Say::rcpt_syntax, 501, {5, 5, 4}, "Syntax: RCPT TO:<address>"},
    Row{Say::hello_first, 503, {5, 5, 1}, "Send EHLO first"},
    Row{Say::mail_first, 503, {5, 5, 1}, "Send MAIL first"},
    Row{Say::mail_twice, 503, {5, 5, 1}, "Sender already given"},
    Row{Say::inside_chunks, 503, {5, 5, 1}, "BDAT has begun: only BDAT, RSET, NOOP or QUIT"},
    Row{Say::no_recipients, 554, {5, 5, 1}, "No valid recipients"},
    Row{Say::no_recipients_lmtp, 503, {5, 5, 1}, "No valid recipients"},  // RFC 2033 4.2
    Row{Say::auth_required, 530, {5, 7, 0}, "Authentication required"},
    Row{Say::tls_required, 530, {5, 7, 0}, "Must issue a STARTTLS command first"},
    Row{Say::relay_denied, 550, {5, 7, 1}, "Relaying denied"},
    Row{Say::too_many_recipients, 452, {4, 5, 3}, "Too many recipients: send the rest later"},
    Row{Say::too_large, 552, {5, 3, 4}, "Message larger than SIZE"},
    Row{Say::smtputf8_needed, 553, {5, 6, 7}, "This address needs SMTPUTF8"},
    Row{Say::chunk_syntax, 501, {5, 5, 4}, "Syntax: BDAT size [LAST]"},
    Row{Say::chunk_after_failure, 503, {5, 5, 1}, "BDAT after one that failed: RSET first"},
    Row{Say::chunking_off, 502, {5, 5, 1}, "CHUNKING is not offered"},
    Row{Say::tls_off, 502, {5, 5, 1}, "STARTTLS is not offered"},
    Row{Say::tls_twice, 503, {5, 5, 1}, "TLS is already active"},
    Row{Say::auth_off, 502, {5, 5, 1}, "AUTH is not offered"},
    Row{Say::auth_twice, 503, {5, 5, 1}, "Already authenticated"},
    Row{Say::auth_in_transaction, 503, {5, 5, 1}, "No AUTH inside a mail transaction"},
    Row{Say::auth_needs_tls, 538, {5, 7, 11}, "Encryption required: STARTTLS first"},
    Row{Say::auth_mechanism, 504, {5, 5, 4}, "Mechanism not offered"},
    Row{Say::auth_base64, 501, {5, 5, 2}, "Not base64"},
    Row{Say::auth_cancelled, 501, {5, 7, 0}, "Authentication cancelled"},
    Row{Say::auth_malformed, 501, {5, 5, 2}, "Not a message of this mechanism"},
    Row{Say::auth_rejected, 535, {5, 7, 8}, "Authentication credentials invalid"},
    Row{Say::auth_disabled, 535, {5, 7, 13}, "Account disabled"},
    Row{Say::auth_throttled, 454, {4, 7, 0}, "Too many failed logins: try again later"},
    Row{Say::auth_temporary, 454, {4, 7, 0}, "Temporary authentication failure"},
    Row{Say::too_many_errors, 421, {4, 7, 0}, "Too many errors"},
    Row{Say::too_many_idle, 421, {4, 7, 0}, "Too many commands without a message"},
    Row{Say::too_many_messages, 421, {4, 7, 0}, "Too many messages: connect again"},
    Row{Say::too_many_auth, 421, {4, 7, 0}, "Too many failed logins"},
    Row{Say::timeout, 421, {4, 4, 2}, "Timeout"},
    Row{Say::shutdown, 421, {4, 3, 2}, "Shutting down: try again later"},
    Row{Say::out_of_step, 554, {5, 5, 0}, "Sent before it was asked for"},
    Row{Say::not_http, 554, {5, 5, 1}, "This is not HTTP"},
    Row{Say::not_tls_here, 554, {5, 5, 1}, "No TLS on this port before STARTTLS"},
    Row{Say::xclient_off, 550, {5, 7, 0}, "You may not speak for others"},
    Row{Say::xclient_in_transaction, 503, {5, 5, 1}, "Mail transaction in progress"},
    Row{Say::xclient_syntax, 501, {5, 5, 4}, "Bad XCLIENT parameter"},
};

// The rows stand in the order of the enumeration, so that the lookup is an index.
constexpr bool is_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].what) != i) {
      return false;
    }
  }
  return rows.back().what == Say::xclient_syntax;
}
static_assert(is_in_order());

}  // namespace

Reply reply_for(Say what) {
  const Row& row = rows[static_cast<std::size_t>(what)];
  return {row.code, row.enhanced, std::string(row.text)};
}

Reply reply_for(PathError error, PathRole role) {
  // RFC 3463 3.2: X.1.7 and X.1.8 are the sender's, X.1.3 and X.1.2 the recipient's.
  const bool sender = role == PathRole::sender;
  const EnhancedCode address{5, 1, static_cast<std::uint16_t>(sender ? 7 : 3)};
  const EnhancedCode domain{5, 1, static_cast<std::uint16_t>(sender ? 8 : 2)};
  switch (error) {
    case PathError::syntax:
      return {501, address, "Bad address syntax"};
    case PathError::no_domain:
      return {501, address, "Address without a domain"};
    case PathError::bad_literal:
      return {501, address, "Bad address literal"};
    case PathError::local_part_too_long:
      return {501, address, "Local part longer than 64 octets"};
    case PathError::domain_too_long:
      return {501, domain, "Domain longer than 255 octets"};
    case PathError::path_too_long:
      return {501, address, "Path longer than 256 octets"};
    case PathError::not_utf8:
      return {501, address, "Address is not UTF-8"};
    case PathError::null_not_allowed:
      return {501, address, "The null path is no recipient"};
  }
  check(false, "a PathError without a row");
  return {};
}

Reply reply_for(const ParameterError& error) {
  switch (error.kind) {
    case ParameterFailure::syntax:
      return {501, {5, 5, 4}, "Bad parameter syntax"};
    case ParameterFailure::unknown:
      return {555, {5, 5, 4}, "Parameter not recognized: " + error.keyword};
    case ParameterFailure::bad_value:
      return {501, {5, 5, 4}, "Bad value of parameter " + error.keyword};
    case ParameterFailure::repeated:
      return {501, {5, 5, 4}, "Parameter given twice: " + error.keyword};
    case ParameterFailure::not_offered:
      return {555, {5, 5, 4}, "Parameter not offered: " + error.keyword};
  }
  check(false, "a ParameterFailure without a row");
  return {};
}

}  // namespace postrider::smtp
