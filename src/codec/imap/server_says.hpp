#pragma once

#include <cstdint>

#include <postrider/codec/imap/command_framer.hpp>
#include <postrider/codec/imap/command_parser.hpp>
#include <postrider/codec/imap/status.hpp>

namespace postrider::imap {

// All that the session says of its own to a command.
enum class Say : std::uint8_t {
  unknown_command,
  log_in_first,
  logged_in_already,
  select_first,
  line_too_long,
  stray_octet,
  literal_number,
  literal_too_large,
  literal_must_wait,
  message_too_large,
  message_empty,
  message_nul,
  one_message_only,
  binary_off,
  utf8_off,
  qresync_off,
  done_expected,
  tls_off,
  tls_twice,
  start_tls,
  compressed_already,
  start_compression,
  privacy_required,
  auth_mechanism,
  auth_base64,
  auth_cancelled,
  auth_malformed,
  auth_rejected,
  auth_disabled,
  auth_throttled,
  auth_too_many,
  auth_temporary,
};
[[nodiscard]] Status status_of(Say what);
[[nodiscard]] Status status_of(CommandFramer::Flaw flaw);
// `name`: the command's, put in front.
[[nodiscard]] Status status_of(const ParseError& error, std::string_view name);

}  // namespace postrider::imap
