#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/codec/imap/date_time.hpp>
#include <postrider/codec/imap/flags.hpp>
#include <postrider/codec/imap/search.hpp>

// The arguments of the commands that work on mailboxes by name. Names are UTF-8, canonical (see
// mailbox_name.hpp), whatever they crossed the wire as.
namespace postrider::imap {

// RFC 7162 3.2.5.
struct QresyncParameters {
  std::uint32_t uid_validity = 0;
  std::uint64_t modseq = 0;
  std::optional<SequenceSet> known_uids;
  // Message numbers and the UIDs that they had: as many of one as of the other.
  std::optional<SequenceSet> match_numbers;
  std::optional<SequenceSet> match_uids;
  friend bool operator==(const QresyncParameters&, const QresyncParameters&) = default;
};
// SELECT, EXAMINE.
struct SelectArguments {
  std::string mailbox;
  bool condstore = false;
  std::optional<QresyncParameters> qresync;
  friend bool operator==(const SelectArguments&, const SelectArguments&) = default;
};

struct CreateArguments {
  std::string mailbox;
  std::vector<SpecialUse> uses;  // RFC 6154 3
  friend bool operator==(const CreateArguments&, const CreateArguments&) = default;
};

struct RenameArguments {
  std::string from;
  std::string to;
  friend bool operator==(const RenameArguments&, const RenameArguments&) = default;
};

enum class StatusItem : std::uint8_t {
  messages,
  uid_next,
  uid_validity,
  unseen,
  deleted,          // RFC 9051 6.3.11
  size,             // RFC 8438
  recent,           // RFC 3501
  highest_modseq,   // RFC 7162
  append_limit,     // RFC 7889
  mailbox_id,       // RFC 8474
  deleted_storage,  // RFC 9208
};
struct StatusArguments {
  std::string mailbox;
  std::vector<StatusItem> items;  // each once
  friend bool operator==(const StatusArguments&, const StatusArguments&) = default;
};

// LIST with RFC 5258's options, and LSUB.
struct ListArguments {
  std::string reference;
  std::vector<std::string> patterns;  // UTF-8, not joined with the reference
  bool extended = false;              // options or several patterns were written

  bool select_subscribed = false;
  bool select_remote = false;
  bool select_recursive_match = false;
  bool select_special_use = false;

  bool return_subscribed = false;
  bool return_children = false;
  bool return_special_use = false;
  bool return_my_rights = false;          // RFC 8440
  std::vector<StatusItem> return_status;  // RFC 5819
  friend bool operator==(const ListArguments&, const ListArguments&) = default;
};

// One message of an APPEND (RFC 9051 6.3.12, RFC 3502); its octets go another way.
struct AppendMessage {
  Flags flags;
  std::optional<DateTime> internal_date;
  std::uint64_t octets = 0;
  bool is_binary = false;  // a literal8: NUL may stand in it (RFC 3516)
  bool is_utf8 = false;    // UTF8 (...): RFC 6855 4
  friend bool operator==(const AppendMessage&, const AppendMessage&) = default;
};
struct AppendArguments {
  std::string mailbox;
  std::vector<AppendMessage> messages;  // at least one
  friend bool operator==(const AppendArguments&, const AppendArguments&) = default;
};
// RFC 8508.
struct ReplaceArguments {
  bool uid = false;
  std::uint32_t number = 0;  // a message number, or its UID; star: the last one
  AppendArguments append;    // one message
  friend bool operator==(const ReplaceArguments&, const ReplaceArguments&) = default;
};

// COPY, MOVE.
struct CopyArguments {
  bool uid = false;
  SequenceSet set;
  std::string mailbox;
  friend bool operator==(const CopyArguments&, const CopyArguments&) = default;
};

// RFC 9208 4.1.3: the resources in upper case.
struct QuotaArguments {
  std::string root;
  std::vector<std::pair<std::string, std::uint64_t>> limits;  // SETQUOTA
  friend bool operator==(const QuotaArguments&, const QuotaArguments&) = default;
};

// RFC 4314 3.
struct AclArguments {
  enum class Change : std::uint8_t { replace, add, remove };
  std::string mailbox;
  std::string identifier;  // none in GETACL and MYRIGHTS; a leading "-" is part of it
  Change change = Change::replace;
  std::string rights;  // SETACL: letters, each once; "c" and "d" opened (RFC 4314 2.1.1)
  friend bool operator==(const AclArguments&, const AclArguments&) = default;
};

// RFC 5464 4.2.
struct GetMetadataArguments {
  static constexpr std::uint32_t infinity = UINT32_MAX;
  std::string mailbox;  // empty: the server's
  std::optional<std::uint32_t> max_octets;
  std::uint32_t depth = 0;           // 0, 1 or infinity
  std::vector<std::string> entries;  // in lower case
  friend bool operator==(const GetMetadataArguments&, const GetMetadataArguments&) = default;
};
struct SetMetadataArguments {
  std::string mailbox;
  std::vector<std::pair<std::string, std::optional<std::string>>> entries;  // nullopt: remove
  friend bool operator==(const SetMetadataArguments&, const SetMetadataArguments&) = default;
};

}  // namespace postrider::imap
