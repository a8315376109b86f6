#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/codec/imap/flags.hpp>
#include <postrider/codec/imap/mailbox_commands.hpp>
#include <postrider/codec/imap/mailbox_name.hpp>

// The parts of responses (RFC 9051 7), appended byte for byte as they cross the wire.
namespace postrider::imap {

// A string: quoted if it is short, of ASCII and one line, else a literal.
void encode_string(std::string_view text, std::string& out);
// The same, as an atom where it can be one.
void encode_astring(std::string_view text, std::string& out);
// nullopt: NIL.
void encode_nstring(const std::optional<std::string_view>& text, std::string& out);
// A literal's header and octets; `is_binary`: a literal8 if there is a NUL in them.
void encode_literal(std::string_view octets, std::string& out, bool is_binary = false);
void encode_number(std::uint64_t number, std::string& out);

// A mailbox's name in its form: an atom if it can be one, else a string.
void encode_mailbox(std::string_view name, NameForm form, std::string& out);

// "* 23 EXISTS" and its like.
void encode_numbered(std::uint64_t number, std::string_view what, std::string& out);
// "* FLAGS (...)"; `permanent` asks for "* OK [PERMANENTFLAGS (...)] ...". `may_create`: "\*".
void encode_flags_response(const Flags& flags, std::string& out);
void encode_permanent_flags(const Flags& flags, bool may_create, std::string& out);

// One LIST or LSUB response (RFC 9051 7.3.1).
struct ListedMailbox {
  std::string name;
  bool nonexistent = false;
  bool noselect = false;
  bool noinferiors = false;
  bool subscribed = false;
  std::optional<bool> has_children;
  SpecialUse special_use = SpecialUse::none;
  std::vector<std::string> child_info;  // RFC 9051 7.3.1: "SUBSCRIBED"
  std::optional<std::string> old_name;  // RFC 9051 6.3.9.7
};
enum class ListForm : std::uint8_t { list, lsub };
void encode_list(const ListedMailbox& mailbox, ListForm which, NameForm form, std::string& out);

// A STATUS response; an object's id stands as text, the rest as numbers.
struct StatusValue {
  StatusItem item{};
  std::uint64_t number = 0;
  std::string object;  // mailbox_id
};
void encode_status_response(std::string_view mailbox, NameForm form,
                            std::span<const StatusValue> values, std::string& out);

// RFC 9051 6.3.10: prefix and separator of each; an empty list is NIL.
struct Namespaces {
  std::vector<std::string> personal;
  std::vector<std::string> other_users;
  std::vector<std::string> shared;
};
void encode_namespaces(const Namespaces& namespaces, NameForm form, std::string& out);

// RFC 9208 5.1 and 5.2. Storage in units of 1024 octets, as the RFC wants it.
struct QuotaResource {
  std::string name;
  std::uint64_t usage = 0;
  std::uint64_t limit = 0;
};
void encode_quota(std::string_view root, std::span<const QuotaResource> resources,
                  std::string& out);
void encode_quota_root(std::string_view mailbox, NameForm form, std::span<const std::string> roots,
                       std::string& out);

// RFC 4314 3.6 to 3.8.
void encode_acl(std::string_view mailbox, NameForm form,
                std::span<const std::pair<std::string, std::string>> rights, std::string& out);
void encode_list_rights(std::string_view mailbox, NameForm form, std::string_view identifier,
                        std::string_view required, std::span<const std::string> optional,
                        std::string& out);
void encode_my_rights(std::string_view mailbox, NameForm form, std::string_view rights,
                      std::string& out);

// RFC 5464 4.4.1, with values; 4.4.2, names of what changed, when the values are left out.
void encode_metadata(std::string_view mailbox, NameForm form,
                     std::span<const std::pair<std::string, std::optional<std::string>>> entries,
                     std::string& out);
void encode_metadata_changes(std::string_view mailbox, NameForm form,
                             std::span<const std::string> entries, std::string& out);

}  // namespace postrider::imap
