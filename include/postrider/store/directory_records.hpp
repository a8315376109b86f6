#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/scram_hash.hpp>
#include <postrider/base/time.hpp>

// What the store keeps of accounts, domains and aliases, as values. Their grammar on disk:
// docs/storage_format.md.
namespace postrider::store {

// What a password is good for, as bits that policy gives their meaning (policy/scope.hpp).
inline constexpr std::uint8_t scopes_all = 15;

// A further password of an account, for one program, to be revoked alone.
struct AppPassword {
  std::string name;  // "phone": of the account's own choice, unique in it
  std::string password_hash;
  std::optional<ScramVerifier> scram;
  std::uint8_t scopes = scopes_all;
  WallTime created{};
  friend bool operator==(const AppPassword&, const AppPassword&) = default;
};

struct Account {
  std::string name;                    // login and address: "user@example.org", lower-case domain
  std::string tenant;                  // default: the domain
  std::string password_hash;           // PHC string (argon2id); empty: no PLAIN or LOGIN
  std::optional<ScramVerifier> scram;  // nullopt: no SCRAM
  std::vector<std::string> send_as;    // further addresses, or "@example.org" for a whole domain
  bool disabled = false;
  WallTime created{};
  WallTime changed{};

  std::uint8_t scopes = scopes_all;  // of the account's own password
  std::vector<AppPassword> app_passwords;
  std::uint64_t quota_bytes = 0;        // 0: the domain's
  std::uint64_t quota_messages = 0;     // 0: the domain's
  std::uint64_t messages_per_hour = 0;  // that it may send; 0: the listener's limit
  std::vector<std::string> forward_to;  // addresses
  bool keeps_copy = true;               // of what is forwarded
  friend bool operator==(const Account&, const Account&) = default;
};

struct Domain {
  std::string name;    // lower case, A-labels
  std::string tenant;  // default: the name
  WallTime created{};

  bool hosted = false;               // mail for it is kept here
  std::string alias_of;              // a hosted domain: x@name is x@alias_of; empty: not an alias
  std::string catch_all;             // the address that takes what nobody else does; empty: refused
  std::uint64_t quota_bytes = 0;     // of all its accounts together; 0: none
  std::uint64_t quota_messages = 0;  // the same
  std::uint64_t account_quota_bytes = 0;  // of each that has none of its own; 0: none
  std::uint64_t account_quota_messages = 0;
  std::uint64_t message_bytes_max = 0;  // of mail that comes in; 0: the listener's
  std::string postmaster;               // who reads postmaster@ and abuse@ if nobody has that name
  friend bool operator==(const Domain&, const Domain&) = default;
};

enum class AliasKind : std::uint8_t {
  alias,  // stands for its targets; the envelope sender stays
  group,  // the same, for those only who may post
  list,   // a mailing list: its own envelope sender, List-* header fields
};
enum class Posters : std::uint8_t { anyone, members, named };

struct Alias {
  std::string address;  // lower case
  AliasKind kind = AliasKind::alias;
  std::vector<std::string> targets;  // addresses, here or elsewhere; the members of a list
  Posters posters = Posters::anyone;
  std::vector<std::string> named_posters;                   // beside the members
  std::string title;                                        // of a list: List-Id (RFC 2919)
  std::string archive_url, subscribe_url, unsubscribe_url;  // RFC 2369
  bool reply_to_list = false;
  WallTime created{};
  WallTime changed{};
  friend bool operator==(const Alias&, const Alias&) = default;
};

}  // namespace postrider::store
