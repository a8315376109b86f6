#pragma once

#include <cstdint>

#include <postrider/codec/smtp/parameters.hpp>
#include <postrider/codec/smtp/path.hpp>
#include <postrider/codec/smtp/reply.hpp>

namespace postrider::smtp {

// All that the server says of its own.
enum class Say : std::uint8_t {
  ok,
  sender_ok,
  recipient_ok,
  reset,
  bye,
  go_ahead,
  start_tls,
  auth_ok,
  cannot_verify,
  help,
  not_implemented,
  unknown_verb,
  line_too_long,
  bare_line_break,
  no_such_argument,
  argument_missing,
  helo_syntax,
  mail_syntax,
  rcpt_syntax,
  hello_first,
  mail_first,
  mail_twice,
  inside_chunks,
  no_recipients,
  no_recipients_lmtp,
  auth_required,
  tls_required,
  relay_denied,
  too_many_recipients,
  too_large,
  smtputf8_needed,
  chunk_syntax,
  chunk_after_failure,
  chunking_off,
  tls_off,
  tls_twice,
  auth_off,
  auth_twice,
  auth_in_transaction,
  auth_needs_tls,
  auth_mechanism,
  auth_base64,
  auth_cancelled,
  auth_malformed,
  auth_rejected,
  auth_disabled,
  auth_throttled,
  auth_temporary,
  too_many_errors,
  too_many_idle,
  too_many_messages,
  too_many_auth,
  timeout,
  shutdown,
  out_of_step,
  not_http,
  not_tls_here,
  xclient_off,
  xclient_in_transaction,
  xclient_syntax,
};
[[nodiscard]] Reply reply_for(Say what);
[[nodiscard]] Reply reply_for(PathError error, PathRole role);
[[nodiscard]] Reply reply_for(const ParameterError& error);

}  // namespace postrider::smtp
