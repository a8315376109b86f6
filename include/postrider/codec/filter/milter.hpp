#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/result.hpp>

namespace postrider::filter {

// The milter protocol, version 6, as libmilter (Sendmail 8.14 and later) speaks it: what a mail
// server says, and what a filter answers. Packets have their length before them (4 octets, big
// endian), one octet that names them, and data.
inline constexpr std::uint32_t milter_version = 6;
inline constexpr std::uint32_t milter_version_min = 2;
inline constexpr std::size_t milter_chunk_octets = 65535;  // of a body, in one packet
// libmilter sends no more than 64 KiB; those that agree on larger packets, 1 MiB.
inline constexpr std::size_t milter_packet_octets_max = (1UL << 20) + 64;

enum class MilterCommand : char {
  abort = 'A',
  body = 'B',
  connect = 'C',
  macro = 'D',
  body_end = 'E',
  helo = 'H',
  header = 'L',
  mail = 'M',
  header_end = 'N',
  negotiate = 'O',
  quit = 'Q',
  rcpt = 'R',
  data = 'T',
};

// What a filter may do to a message; both sides must agree.
namespace milter_action {
inline constexpr std::uint32_t add_headers = 0x01;
inline constexpr std::uint32_t change_body = 0x02;
inline constexpr std::uint32_t add_recipients = 0x04;
inline constexpr std::uint32_t remove_recipients = 0x08;
inline constexpr std::uint32_t change_headers = 0x10;
inline constexpr std::uint32_t quarantine = 0x20;
inline constexpr std::uint32_t change_sender = 0x40;
inline constexpr std::uint32_t add_recipients_with_parameters = 0x80;
inline constexpr std::uint32_t choose_macros = 0x100;
inline constexpr std::uint32_t all = 0x1ff;
}  // namespace milter_action

// What a filter does not want to hear (no_), what it does not answer (unanswered_), and how.
namespace milter_step {
inline constexpr std::uint32_t no_connect = 0x01;
inline constexpr std::uint32_t no_helo = 0x02;
inline constexpr std::uint32_t no_mail = 0x04;
inline constexpr std::uint32_t no_rcpt = 0x08;
inline constexpr std::uint32_t no_body = 0x10;
inline constexpr std::uint32_t no_headers = 0x20;
inline constexpr std::uint32_t no_header_end = 0x40;
inline constexpr std::uint32_t unanswered_header = 0x80;
inline constexpr std::uint32_t no_unknown = 0x100;
inline constexpr std::uint32_t no_data = 0x200;
inline constexpr std::uint32_t skip = 0x400;                // it may say so in mid-body
inline constexpr std::uint32_t refused_recipients = 0x800;  // it hears of those, too
inline constexpr std::uint32_t unanswered_connect = 0x1000;
inline constexpr std::uint32_t unanswered_helo = 0x2000;
inline constexpr std::uint32_t unanswered_mail = 0x4000;
inline constexpr std::uint32_t unanswered_rcpt = 0x8000;
inline constexpr std::uint32_t unanswered_data = 0x10000;
inline constexpr std::uint32_t unanswered_unknown = 0x20000;
inline constexpr std::uint32_t unanswered_header_end = 0x40000;
inline constexpr std::uint32_t unanswered_body = 0x80000;
inline constexpr std::uint32_t leading_space = 0x100000;  // of header values: sent, and received
// All of that, but for refused recipients, which are not told to a filter.
inline constexpr std::uint32_t offered = 0x1ff7ff;
}  // namespace milter_step

// Where macros are told; the numbers are the protocol's.
enum class MilterStage : std::uint8_t {
  connect,
  helo,
  mail,
  rcpt,
  data,
  end_of_message,
  header_end
};
inline constexpr std::size_t milter_stages = 7;

// What both sides have agreed on.
struct MilterTerms {
  std::uint32_t version = milter_version;
  std::uint32_t actions = milter_action::all;
  std::uint32_t steps = milter_step::offered;
  // By stage: the macros that the filter asks for, "{auth_authen}" or "i"; nullopt: the usual ones.
  std::array<std::optional<std::vector<std::string>>, milter_stages> macros{};
  friend bool operator==(const MilterTerms&, const MilterTerms&) = default;
};

enum class MilterFailure : std::uint8_t {
  too_long,      // a packet of more than milter_packet_octets_max
  malformed,     // no packet of this protocol
  bad_terms,     // it asks for what was not offered, or speaks a version from before
  out_of_place,  // a reply that this command can't have, or an action not agreed on
};
[[nodiscard]] std::string_view describe(MilterFailure failure);

// -- what we say ---------------------------------------------------------------------------------

void append_milter_offer(std::string& out);
// Without data: abort, body_end, header_end, quit, data.
void append_milter_command(MilterCommand command, std::string& out);
// Each text with its NUL: helo (1), header (2), mail and rcpt (the path, then its parameters). A
// NUL in a text ends it.
void append_milter_texts(MilterCommand command, std::span<const std::string> texts,
                         std::string& out);
// nullopt: the client's address is not known.
void append_milter_connect(std::string_view host, const std::optional<SocketAddress>& client,
                           std::string& out);
struct MilterMacro {
  std::string name;  // "i", "{client_addr}"
  std::string value;
};
// Those that hold for `command`, before it.
void append_milter_macros(MilterCommand command, std::span<const MilterMacro> macros,
                          std::string& out);
// In: at most milter_chunk_octets.
void append_milter_body(std::string_view chunk, std::string& out);

// -- what it answers -----------------------------------------------------------------------------

struct MilterPacket {
  char kind = 0;
  std::string_view data;   // into the octets
  std::size_t octets = 0;  // of all of it
};
// The packet at the front of `octets`. nullopt: it is not complete yet.
[[nodiscard]] Result<std::optional<MilterPacket>, MilterFailure> parse_milter_packet(
    std::string_view octets);

// The answer to append_milter_offer.
[[nodiscard]] Result<MilterTerms, MilterFailure> parse_milter_terms(const MilterPacket& packet);

enum class MilterVerb : std::uint8_t {
  // The first ones end a command.
  proceed,
  accept,    // nothing more of this message (at connect and helo: of this connection)
  reject,    // 5xx
  tempfail,  // 4xx
  discard,   // taken, and thrown away
  reply,     // 4xx or 5xx, as `code`, `enhanced` and `text` say
  shutdown,  // 421
  connection_failure,
  skip,  // nothing more of the body
  // Before one of those, at the end of the message.
  progress,  // it is still at work
  add_header,
  insert_header,
  change_header,
  change_sender,
  add_recipient,
  remove_recipient,
  replace_body,
  quarantine,
};

struct MilterReply {
  MilterVerb verb = MilterVerb::proceed;
  std::uint32_t index =
      0;             // insert_header: 0 is the top; change_header: of those of that name, 1..
  std::string name;  // of a field
  // A field's value, an address without <>, a piece of the body, why it is quarantined, the words
  // of a reply (lines with LF between them).
  std::string text;
  std::uint16_t code = 0;
  std::string enhanced;  // "5.7.1"; empty: none
  friend bool operator==(const MilterReply&, const MilterReply&) = default;
};
[[nodiscard]] Result<MilterReply, MilterFailure> parse_milter_reply(const MilterPacket& packet);

// -- what was agreed on --------------------------------------------------------------------------

[[nodiscard]] bool is_wanted(const MilterTerms& terms, MilterCommand command);
[[nodiscard]] bool is_answered(const MilterTerms& terms, MilterCommand command);
// It ends the command, and the next one may be said.
[[nodiscard]] bool is_final(MilterVerb verb);
// Whether a filter may say that to this command, by the terms.
[[nodiscard]] bool is_allowed(const MilterTerms& terms, MilterCommand command, MilterVerb verb);

}  // namespace postrider::filter
