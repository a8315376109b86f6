#pragma once

#include <cstddef>
#include <cstdint>

// What one IMAP conversation may cost. Each has its unit in its name and its reason beside it;
// those an operator may want to change are defaults of ServerRules.
namespace postrider::imap {

// RFC 7162 4 asks for 8192 at least; clients that synchronise name thousands of UIDs in a line
// (Dovecot: 64 KiB).
inline constexpr std::size_t line_octets_max = 64 * 1024;
// One command with the literals that are kept: a SEARCH for a paragraph, a SETMETADATA of a value.
inline constexpr std::size_t command_octets_max = 256 * 1024;
// Before login: a line, a command, an answer to a challenge. Nobody has a reason for more.
inline constexpr std::size_t login_line_octets_max = 12'290;  // RFC 4954 4 has 12,288 for SMTP
// Of one command that is read and thrown away, beside the largest message (RFC 7888 4).
inline constexpr std::uint64_t discard_octets_max = 16ULL * 1024 * 1024;
// RFC 7888 5: what a non-synchronizing literal may hold where LITERAL- is offered.
inline constexpr std::uint64_t literal_minus_octets_max = 4096;
// The same before login.
inline constexpr std::uint64_t login_discard_octets_max = 64 * 1024;
inline constexpr std::uint64_t message_octets_default = 50ULL * 1024 * 1024;  // RFC 7889

inline constexpr std::size_t tag_octets_max = 128;            // clients use 4 to 10
inline constexpr std::size_t mailbox_name_octets_max = 1000;  // UTF-8, as the store keeps it
inline constexpr std::size_t ranges_max = 16'384;             // of one sequence set
// Clients build OR chains by nesting: 100 names to look for make a depth of 100.
inline constexpr std::size_t search_depth_max = 128;
inline constexpr std::size_t search_keys_max = 2000;
inline constexpr std::size_t search_text_octets_max = 4096;  // of one key; nobody types more
inline constexpr std::size_t fetch_items_max = 256;
inline constexpr std::size_t header_names_max = 256;  // in one HEADER.FIELDS
inline constexpr std::size_t section_depth_max = 64;  // part numbers; codec/mime goes no deeper
inline constexpr std::size_t flags_max = 128;         // in one list
inline constexpr std::size_t keyword_octets_max = 100;
inline constexpr std::size_t sort_criteria_max = 32;
inline constexpr std::size_t list_patterns_max = 64;
inline constexpr std::size_t append_messages_max = 1000;   // RFC 3502: one command, all or nothing
inline constexpr std::size_t enable_words_max = 64;        // RFC 5161
inline constexpr std::size_t id_fields_max = 30;           // RFC 2971 3.3
inline constexpr std::size_t id_name_octets_max = 30;      // RFC 2971 3.3
inline constexpr std::size_t id_value_octets_max = 1024;   // RFC 2971 3.3
inline constexpr std::size_t notify_groups_max = 64;       // RFC 5465
inline constexpr std::size_t notify_mailboxes_max = 1000;  // named in one NOTIFY or ESEARCH
inline constexpr std::size_t metadata_entries_max = 100;   // RFC 5464: in one command
inline constexpr std::size_t quota_resources_max = 16;     // RFC 9208
inline constexpr std::size_t rights_max = 64;              // letters in one SETACL

// RFC 9738: messages that one command touches. Clients that don't know the limit take what is cut
// off for gone; few mailboxes are as large, and a million is what a command can hold in memory.
inline constexpr std::uint32_t message_limit_default = 1'000'000;
inline constexpr std::uint32_t errors_default = 20;        // BAD in a row; then BYE
inline constexpr std::uint32_t auth_failures_default = 3;  // a connection; then BYE
// Commands before login: who neither logs in nor leaves is told to.
inline constexpr std::uint32_t login_commands_default = 50;
// Replies to one pipelined group are sent when they have grown to this.
inline constexpr std::size_t output_octets_max = 64 * 1024;
// A connection that waits for its next command keeps no larger buffer than this.
inline constexpr std::size_t idle_buffer_octets = 1024;

}  // namespace postrider::imap
