#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/directory_changes.hpp>
#include <postrider/flow/own_addresses.hpp>
#include <postrider/policy/srs.hpp>
#include <postrider/store/account_store.hpp>
#include <postrider/store/mailbox_store.hpp>
#include <postrider/store/queue_records.hpp>

namespace postrider::flow {

// Why an address of ours takes no mail. Each with the reply that it becomes (RFC 5321 4.2.3, RFC
// 3463).
enum class AddressFailure : std::uint8_t {
  unknown,            // 550 5.1.1
  disabled,           // 550 5.2.1
  over_quota,         // 452 4.2.2; delivery says 552 5.2.2 once it has stayed so for max_age
  domain_over_quota,  // 452 4.2.2
  too_large,          // 552 5.3.4: for this recipient
  not_permitted,      // 550 5.7.1: may not post to this list or group
  loop,               // 554 5.4.6: aliases that lead to themselves
  too_many,           // 554 5.4.6: an expansion past its limits
  full_for_long,      // 552 5.2.2: over quota since DirectorySettings::full_max
  unavailable,        // 451 4.3.0: the store does not answer
};
[[nodiscard]] std::string_view describe(AddressFailure failure);

inline constexpr std::size_t alias_depth_max = 10;           // aliases of aliases
inline constexpr std::size_t alias_recipients_max = 10'000;  // that one address comes to

// What RCPT knows.
struct AddressQuestion {
  std::string address;       // "local@domain", domain in A-labels and lower case
  std::string reverse_path;  // empty: the null path
  std::uint64_t size = 0;    // SIZE of MAIL; 0: not said
  std::string account;       // who has logged in; empty: nobody
};

enum class AddressHome : std::uint8_t {
  here,       // we take the mail for it
  elsewhere,  // its domain isn't hosted here
};

// An account as the filing of mail needs it.
struct MailOwner {
  std::string account;  // canonical name
  store::MailQuota quota;
};

// A mailing list as a post to it needs it.
struct ListFacts {
  std::string address;
  std::string title;                                        // for List-Id; empty: none
  std::vector<std::string> members;                         // addresses
  std::string archive_url, subscribe_url, unsubscribe_url;  // for List-* (RFC 2369); empty: none
  bool reply_to_list = false;
};

// Who receives mail here: domains that are hosted, accounts, aliases, groups, lists, catch-alls.
// Changes of the directory are seen by the next call.
// Shard: one instance a core. Cost: of accounts that it knows no read, of other addresses a point
// read or two; nothing while no domain is hosted.
class Directory {
 public:
  virtual ~Directory() = default;

  // False: no domain is hosted here, and nothing else need be asked.
  [[nodiscard]] virtual bool hosts_any() const = 0;
  [[nodiscard]] virtual engine::Task<Result<bool, AddressFailure>> is_hosted(
      std::string domain) = 0;

  // Whether mail for the address would be taken: what RCPT answers.
  [[nodiscard]] virtual engine::Task<Result<AddressHome, AddressFailure>> check(
      AddressQuestion question) = 0;

  // Recipients with those of hosted domains replaced by what they come to: an account's mailbox, a
  // forward, a list (Recipient::local); several ways to one place become one. Others stay as they
  // are. A recipient that has become impossible since RCPT stays unplaced: delivery fails it, with
  // a report.
  [[nodiscard]] virtual engine::Task<Result<std::vector<store::Recipient>, AddressFailure>> place(
      std::vector<store::Recipient> recipients) = 0;

  // Of a Recipient::local of kind mailbox, or list.
  [[nodiscard]] virtual engine::Task<Result<MailOwner, AddressFailure>> owner(
      std::string account) = 0;
  [[nodiscard]] virtual engine::Task<Result<ListFacts, AddressFailure>> list(
      std::string address) = 0;
};

struct DirectorySettings {
  // Each of them ends the name and begins the detail of "user+detail"; empty: no subaddresses.
  std::string separators = "+";
  // This server's own name: postmaster@ and abuse@ it are ours (RFC 5321 4.5.1, RFC 2142 5).
  std::string hostname;
  // Who reads role addresses of domains that name nobody; empty: the domain's catch-all.
  std::string postmaster;
  // Of what we forward: bounces that come back to its addresses go on to who sent it. Outlives the
  // directory; nullptr: there are no such addresses.
  const policy::Srs* srs = nullptr;
  // What the server itself reads. Outlives the directory; nullptr: nothing.
  const OwnAddresses* own = nullptr;
  // A mailbox that has had no room for any message for so long is told of with 552 in place of 452;
  // zero: never. Counted from the first refusal that this core has seen.
  Duration full_max{};
};

// What a directory stands on; all of it outlives it.
struct DirectoryDoors {
  engine::Reactor& reactor;
  store::AccountStore& accounts;
  store::MailboxStore* mailboxes = nullptr;  // nullptr: quotas aren't looked at
  DirectoryChanges& changes;
};

[[nodiscard]] std::unique_ptr<Directory> make_directory(DirectoryDoors doors,
                                                        DirectorySettings settings);

}  // namespace postrider::flow
