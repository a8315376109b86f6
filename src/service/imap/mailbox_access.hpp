#pragma once

#include "client.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/codec/imap/access_list.hpp>

// Mailboxes as one client may see them: its own, and what others share with it, under
// "Other Users/<account>/<mailbox>".
namespace postrider::imap {

// RFC 9051 6.3.10: the second namespace, without the separator.
inline constexpr std::string_view other_users = "Other Users";

// Where a name leads, whether there is such a mailbox or not.
struct MailboxPlace {
  store::MailAccountId account = store::MailAccountId::none;  // whose it is
  std::string owner;                                          // that account's name
  std::string name;                                           // as its owner knows it
  bool is_own = true;
};

// A mailbox and what the client may do with it.
struct FoundMailbox {
  MailboxPlace place;
  store::Mailbox row;  // its name is the one that the client knows
  Rights rights;
};
template <class T>
using Permitted = Result<T, Status>;  // the refusal is the answer to the command

// The name as the client knows it.
[[nodiscard]] std::string name_for_client(std::string_view owner, std::string_view name,
                                          bool is_own);
// An account that nobody has gives the refusal that a mailbox which is not there gives.
[[nodiscard]] engine::Task<Permitted<MailboxPlace>> find_place(Client& client, std::string name);

// Without one of `needed`: NO [NOPERM], or, without the right to look it up, as if it were not
// there (RFC 4314 6).
[[nodiscard]] engine::Task<Permitted<FoundMailbox>> find_mailbox(Client& client, std::string name,
                                                                 Rights needed);
// The same of one that something shall be put into: NO [TRYCREATE] where it is not there.
[[nodiscard]] engine::Task<Permitted<FoundMailbox>> find_target(Client& client, std::string name);
// nullopt: it has all of them.
[[nodiscard]] std::optional<Status> lacking(Rights rights, Rights needed);

// The same of the mailbox that is selected, which EXAMINE has opened to be read only, perhaps.
[[nodiscard]] std::optional<Status> barred(const SelectedMailbox& selected, Rights needed);

// By Mailbox::access; a list that can't be read grants nobody but the owner anything.
[[nodiscard]] Rights rights_of(std::string_view access, std::string_view user,
                               std::string_view owner);
[[nodiscard]] Rights rights_in(const Client& client, const MailboxPlace& place,
                               const store::Mailbox& row);

// RFC 4314 4: what is left of flags where only some may be set.
[[nodiscard]] store::MailFlags permitted_flags(store::MailFlags flags, Rights rights);
// Rights by which something of the mailbox may be changed (RFC 4314 5.2).
inline constexpr Rights changing_rights = {Right::insert, Right::expunge, Right::seen, Right::write,
                                           Right::delete_messages};
inline constexpr Rights flag_rights = {Right::seen, Right::write, Right::delete_messages};

// What others share with the client, under the names it knows them by. Cost: what is shared.
[[nodiscard]] engine::Task<store::MailResult<std::vector<FoundMailbox>>> list_shared(
    Client& client);

}  // namespace postrider::imap
