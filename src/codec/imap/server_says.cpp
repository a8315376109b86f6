#include "server_says.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>

namespace postrider::imap {
namespace {

using Kind = Status::Kind;

struct Row {
  Say what;
  Kind kind;
  std::string_view code;
  std::string_view text;
};

// RFC 9051 7.1 and RFC 5530 for the codes.
constexpr std::array rows = {
    Row{Say::unknown_command, Kind::bad, "", "Unknown command"},
    Row{Say::log_in_first, Kind::bad, "", "Log in first"},
    Row{Say::logged_in_already, Kind::bad, "", "Already logged in"},
    Row{Say::select_first, Kind::bad, "", "Select a mailbox first"},
    Row{Say::line_too_long, Kind::bad, "TOOBIG", "The command is too long"},
    Row{Say::stray_octet, Kind::bad, "", "NUL, CR or LF inside a line: lines end in CRLF"},
    Row{Say::literal_number, Kind::bad, "TOOBIG", "The size of a literal has at most 63 bits"},
    Row{Say::literal_too_large, Kind::bad, "TOOBIG", "The literal is too large"},
    Row{Say::literal_must_wait, Kind::bad, "TOOBIG",
        "A literal that does not wait has at most 4096 octets"},
    Row{Say::message_too_large, Kind::no, "TOOBIG", "The message is larger than APPENDLIMIT"},
    Row{Say::message_empty, Kind::no, "", "A message without octets: nothing was appended"},
    Row{Say::message_nul, Kind::bad, "", "NUL in a message: send it as a literal8"},
    Row{Say::one_message_only, Kind::bad, "", "One message a command: MULTIAPPEND is not offered"},
    Row{Say::binary_off, Kind::bad, "", "BINARY is not offered"},
    Row{Say::utf8_off, Kind::bad, "", "ENABLE UTF8=ACCEPT first"},
    Row{Say::qresync_off, Kind::bad, "", "ENABLE QRESYNC first"},
    Row{Say::done_expected, Kind::bad, "", "Expected DONE"},
    Row{Say::tls_off, Kind::no, "", "STARTTLS is not offered"},
    Row{Say::tls_twice, Kind::bad, "", "TLS is already active"},
    Row{Say::start_tls, Kind::ok, "", "Begin TLS negotiation now"},
    Row{Say::compressed_already, Kind::no, "COMPRESSIONACTIVE", "DEFLATE is already active"},
    Row{Say::start_compression, Kind::ok, "", "DEFLATE active"},
    Row{Say::privacy_required, Kind::no, "PRIVACYREQUIRED", "Encryption required: STARTTLS first"},
    Row{Say::auth_mechanism, Kind::no, "CANNOT", "Mechanism not offered"},
    Row{Say::auth_base64, Kind::bad, "", "Not base64"},
    Row{Say::auth_cancelled, Kind::bad, "", "Authentication cancelled"},
    Row{Say::auth_malformed, Kind::bad, "", "Not a message of this mechanism"},
    Row{Say::auth_rejected, Kind::no, "AUTHENTICATIONFAILED", "Invalid credentials"},
    Row{Say::auth_disabled, Kind::no, "CONTACTADMIN", "The account is disabled"},
    Row{Say::auth_throttled, Kind::no, "LIMIT", "Too many failed logins: try again later"},
    Row{Say::auth_too_many, Kind::no, "LIMIT", "Too many connections of this user"},
    Row{Say::auth_temporary, Kind::no, "UNAVAILABLE", "Temporary authentication failure"},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].what) != i) {
      return false;
    }
  }
  return rows.back().what == Say::auth_temporary;
}
static_assert(is_in_order());

}  // namespace

Status status_of(Say what) {
  const Row& row = rows[static_cast<std::size_t>(what)];
  return {row.kind, std::string(row.code), std::string(row.text)};
}

Status status_of(CommandFramer::Flaw flaw) {
  switch (flaw) {
    case CommandFramer::Flaw::too_long:
      return status_of(Say::line_too_long);
    case CommandFramer::Flaw::stray_octet:
      return status_of(Say::stray_octet);
    case CommandFramer::Flaw::literal_number:
      return status_of(Say::literal_number);
    case CommandFramer::Flaw::none:
    case CommandFramer::Flaw::dropped:
      break;
  }
  check(false, "a command refused without a flaw");
  return {};
}

Status status_of(const ParseError& error, std::string_view name) {
  std::string upper(name);
  for (char& c : upper) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  }
  std::string text = quoted_for_log(upper, 40) + ": " + error.text;
  switch (error.kind) {
    case ParseError::Kind::syntax:
      return {Kind::bad, "", std::move(text)};
    case ParseError::Kind::unknown_command:
      return status_of(Say::unknown_command);
    case ParseError::Kind::bad_charset:
      return {Kind::no, "BADCHARSET (US-ASCII UTF-8)", std::move(text)};
    case ParseError::Kind::cannot:
      return {Kind::no, "CANNOT", std::move(text)};
    case ParseError::Kind::use_attribute:
      return {Kind::no, "USEATTR", std::move(text)};
    case ParseError::Kind::bad_event:
      return {Kind::no,
              "BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange "
              "MailboxMetadataChange ServerMetadataChange)",
              std::move(text)};
    case ParseError::Kind::limit:
      return {Kind::no, "LIMIT", std::move(text)};
  }
  check(false, "a ParseError without a status");
  return {};
}

}  // namespace postrider::imap
