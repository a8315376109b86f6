#pragma once

#include "reader.hpp"

#include <optional>
#include <string_view>

#include <postrider/codec/imap/capability.hpp>
#include <postrider/codec/imap/command.hpp>

namespace postrider::imap {

// RFC 9051 3: when a command is legal.
struct LegalIn {
  static constexpr unsigned not_authenticated = 1, authenticated = 2, selected = 4;
  static constexpr unsigned logged_in = authenticated | selected;
  static constexpr unsigned any = not_authenticated | logged_in;
};

struct CommandRow {
  enum class Form : std::uint8_t { plain, uid_too };
  std::string_view name;
  Verb verb{};
  Form form = Form::plain;
  unsigned legal_in = 0;
  // Without it the command is unknown.
  std::optional<Capability> needs;
  // nullptr: not read whole (APPEND, REPLACE).
  Arguments (*parse)(Reader& in, bool uid) = nullptr;
};

// nullptr: no such command.
[[nodiscard]] const CommandRow* find_command(std::string_view name, bool uid);

// The arguments, from the blank before them on.
Arguments parse_nothing(Reader& in, bool uid);
Arguments parse_id(Reader& in, bool uid);
Arguments parse_authenticate(Reader& in, bool uid);
Arguments parse_login(Reader& in, bool uid);
Arguments parse_enable(Reader& in, bool uid);
Arguments parse_one_mailbox(Reader& in, bool uid);
Arguments parse_select(Reader& in, bool uid);
Arguments parse_create(Reader& in, bool uid);
Arguments parse_rename(Reader& in, bool uid);
Arguments parse_list(Reader& in, bool uid);
Arguments parse_lsub(Reader& in, bool uid);
Arguments parse_status(Reader& in, bool uid);
Arguments parse_expunge(Reader& in, bool uid);
Arguments parse_search(Reader& in, bool uid);
Arguments parse_sort(Reader& in, bool uid);
Arguments parse_thread(Reader& in, bool uid);
Arguments parse_fetch(Reader& in, bool uid);
Arguments parse_store(Reader& in, bool uid);
Arguments parse_copy(Reader& in, bool uid);
Arguments parse_esearch(Reader& in, bool uid);
Arguments parse_compress(Reader& in, bool uid);
Arguments parse_get_quota(Reader& in, bool uid);
Arguments parse_set_quota(Reader& in, bool uid);
Arguments parse_set_acl(Reader& in, bool uid);
Arguments parse_acl_of_one(Reader& in, bool uid);      // DELETEACL, LISTRIGHTS
Arguments parse_acl_of_mailbox(Reader& in, bool uid);  // GETACL, MYRIGHTS
Arguments parse_get_metadata(Reader& in, bool uid);
Arguments parse_set_metadata(Reader& in, bool uid);
Arguments parse_notify(Reader& in, bool uid);
Arguments parse_uid_batches(Reader& in, bool uid);

// Parts that several commands have.
std::vector<FetchItem> parse_fetch_items(Reader& in);
PartialRange parse_partial_range(Reader& in);
std::vector<StatusItem> parse_status_items(Reader& in);
// " (": taken already.
MailboxFilter parse_mailbox_filter(Reader& in);
// [RETURN (...) ] [CHARSET x ] keys.
SearchArguments parse_search_program(Reader& in, bool uid);
ReturnOptions parse_return_options(Reader& in);

}  // namespace postrider::imap
