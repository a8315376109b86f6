#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <postrider/codec/imap/fetch.hpp>
#include <postrider/codec/imap/mailbox_commands.hpp>
#include <postrider/codec/imap/notify.hpp>
#include <postrider/codec/imap/search.hpp>

namespace postrider::imap {

enum class Verb : std::uint8_t {
  capability,
  noop,
  logout,
  id,
  starttls,
  authenticate,
  login,
  enable,
  select,
  examine,
  create,
  remove,  // DELETE
  rename,
  subscribe,
  unsubscribe,
  list,
  lsub,
  name_space,
  status,
  append,
  idle,
  close,
  unselect,
  check,
  expunge,
  search,
  fetch,
  store,
  copy,
  move,
  sort,
  thread,
  replace,
  esearch,
  compress,
  unauthenticate,
  get_quota,
  get_quota_root,
  set_quota,
  set_acl,
  delete_acl,
  get_acl,
  list_rights,
  my_rights,
  get_metadata,
  set_metadata,
  notify,
  uid_batches,
};
// As in a response: "FETCH", "DELETE".
[[nodiscard]] std::string_view name_of(Verb verb);

struct IdArguments {
  // Names in lower case; nullopt: NIL.
  std::vector<std::pair<std::string, std::optional<std::string>>> fields;
  friend bool operator==(const IdArguments&, const IdArguments&) = default;
};
struct AuthenticateArguments {
  std::string mechanism;
  std::optional<std::string> initial;  // decoded; "" for "=" (RFC 4959)
  friend bool operator==(const AuthenticateArguments&, const AuthenticateArguments&) = default;
};
struct LoginArguments {
  std::string user;
  std::string password;
  friend bool operator==(const LoginArguments&, const LoginArguments&) = default;
};
struct EnableArguments {
  std::vector<std::string> words;  // upper case
  friend bool operator==(const EnableArguments&, const EnableArguments&) = default;
};
// DELETE, SUBSCRIBE, UNSUBSCRIBE, GETQUOTAROOT.
struct MailboxArguments {
  std::string mailbox;
  friend bool operator==(const MailboxArguments&, const MailboxArguments&) = default;
};
// RFC 4315 2.1.
struct ExpungeArguments {
  std::optional<SequenceSet> uids;  // UID EXPUNGE
  friend bool operator==(const ExpungeArguments&, const ExpungeArguments&) = default;
};
struct StoreArguments {
  enum class Change : std::uint8_t { replace, add, remove };
  bool uid = false;
  SequenceSet set;
  std::optional<std::uint64_t> unchanged_since;  // RFC 7162 3.1.3
  Change change{};
  bool silent = false;
  Flags flags;
  friend bool operator==(const StoreArguments&, const StoreArguments&) = default;
};
// RFC 10022.
struct UidBatchesArguments {
  std::uint32_t size = 0;
  std::uint32_t first = 1;  // of the batches, counted from the newest messages
  std::uint32_t last = UINT32_MAX;
  friend bool operator==(const UidBatchesArguments&, const UidBatchesArguments&) = default;
};

using Arguments = std::variant<std::monostate, IdArguments, AuthenticateArguments, LoginArguments,
                               EnableArguments, MailboxArguments, SelectArguments, CreateArguments,
                               RenameArguments, ListArguments, StatusArguments, AppendArguments,
                               ReplaceArguments, ExpungeArguments, SearchArguments, SortArguments,
                               ThreadArguments, FetchArguments, StoreArguments, CopyArguments,
                               MultisearchArguments, NotifyArguments, QuotaArguments, AclArguments,
                               GetMetadataArguments, SetMetadataArguments, UidBatchesArguments>;

struct Command {
  std::string tag;
  Verb verb = Verb::noop;
  Arguments arguments;
  friend bool operator==(const Command&, const Command&) = default;
};

}  // namespace postrider::imap
