// What a milter answers, and whether it may.
#include "milter_packet.hpp"

#include <algorithm>

#include <postrider/base/text.hpp>
#include <postrider/codec/filter/milter.hpp>

namespace postrider::filter {
namespace {

struct Row {
  char kind;
  MilterVerb verb;
  bool is_final;
  std::uint32_t action;  // that must have been agreed on; 0: none
};

constexpr std::array rows = {
    Row{'c', MilterVerb::proceed, true, 0},
    Row{'a', MilterVerb::accept, true, 0},
    Row{'r', MilterVerb::reject, true, 0},
    Row{'t', MilterVerb::tempfail, true, 0},
    Row{'d', MilterVerb::discard, true, 0},
    Row{'y', MilterVerb::reply, true, 0},
    Row{'4', MilterVerb::shutdown, true, 0},
    Row{'f', MilterVerb::connection_failure, true, 0},
    Row{'s', MilterVerb::skip, true, 0},
    Row{'p', MilterVerb::progress, false, 0},
    Row{'h', MilterVerb::add_header, false, milter_action::add_headers},
    Row{'i', MilterVerb::insert_header, false, milter_action::add_headers},
    Row{'m', MilterVerb::change_header, false, milter_action::change_headers},
    Row{'e', MilterVerb::change_sender, false, milter_action::change_sender},
    Row{'+', MilterVerb::add_recipient, false, milter_action::add_recipients},
    Row{'2', MilterVerb::add_recipient, false, milter_action::add_recipients_with_parameters},
    Row{'-', MilterVerb::remove_recipient, false, milter_action::remove_recipients},
    Row{'b', MilterVerb::replace_body, false, milter_action::change_body},
    Row{'q', MilterVerb::quarantine, false, milter_action::quarantine},
};

// The texts of a packet, each with its NUL behind it; the last may lack it.
std::optional<std::string> take_text(std::string_view& data) {
  if (data.empty()) {
    return std::nullopt;
  }
  const std::size_t end = std::min(data.find('\0'), data.size());
  std::string out(data.substr(0, end));
  data.remove_prefix(std::min(end + 1, data.size()));
  return out;
}

std::string without_brackets(std::string address) {
  if (address.starts_with('<') && address.ends_with('>')) {
    return address.substr(1, address.size() - 2);
  }
  return address;
}

bool is_enhanced(std::string_view word, char klass) {
  const auto parts = split(word, '.');
  return parts.size() == 3 && parts[0].size() == 1 && parts[0][0] == klass &&
         std::ranges::all_of(parts, [](std::string_view part) {
           return part.size() <= 3 && parse_decimal(part).has_value();
         });
}

// "550 5.7.1 Words", or lines "550-5.7.1 Words" CRLF "550 5.7.1 Words" as smfi_setmlreply makes.
bool read_reply(std::string_view text, MilterReply& out) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    const auto code = parse_decimal(line.substr(0, 3));
    if (line.size() < 3 || !code || *code < 400 || *code > 599 ||
        (line.size() > 3 && line[3] != ' ' && line[3] != '-')) {
      return false;
    }
    std::string_view words = line.substr(std::min<std::size_t>(4, line.size()));
    const std::size_t gap = std::min(words.find(' '), words.size());
    if (is_enhanced(words.substr(0, gap), line.front())) {
      out.enhanced = words.substr(0, gap);
      words.remove_prefix(std::min(gap + 1, words.size()));
    }
    if (out.code != 0 && out.code != *code) {
      return false;
    }
    out.text += out.code == 0 ? "" : "\n";
    out.code = static_cast<std::uint16_t>(*code);
    out.text += words;
  }
  return out.code != 0;
}

bool read_field(std::string_view data, MilterReply& out) {
  auto name = take_text(data);
  auto value = take_text(data);
  if (!name || name->empty()) {
    return false;
  }
  out.name = *std::move(name);
  out.text = std::move(value).value_or("");
  return true;
}

bool read_data(std::string_view data, MilterReply& out) {
  switch (out.verb) {
    case MilterVerb::reply: {
      const auto text = take_text(data);
      return text && read_reply(*text, out);
    }
    case MilterVerb::add_header:
      return read_field(data, out);
    case MilterVerb::insert_header:
    case MilterVerb::change_header:
      if (data.size() < 4) {
        return false;
      }
      out.index = read_uint32(data);
      return read_field(data.substr(4), out);
    case MilterVerb::change_sender:
    case MilterVerb::add_recipient:
    case MilterVerb::remove_recipient: {
      const auto address = take_text(data);
      out.text = without_brackets(address.value_or(""));
      return address.has_value();
    }
    case MilterVerb::replace_body:
      out.text = data;
      return true;
    case MilterVerb::quarantine:
      out.text = take_text(data).value_or("");
      return true;
    default:
      return true;
  }
}

struct Step {
  MilterCommand command;
  std::uint32_t unwanted;
  std::uint32_t unanswered;
};
constexpr std::array steps = {
    Step{MilterCommand::connect, milter_step::no_connect, milter_step::unanswered_connect},
    Step{MilterCommand::helo, milter_step::no_helo, milter_step::unanswered_helo},
    Step{MilterCommand::mail, milter_step::no_mail, milter_step::unanswered_mail},
    Step{MilterCommand::rcpt, milter_step::no_rcpt, milter_step::unanswered_rcpt},
    Step{MilterCommand::data, milter_step::no_data, milter_step::unanswered_data},
    Step{MilterCommand::header, milter_step::no_headers, milter_step::unanswered_header},
    Step{MilterCommand::header_end, milter_step::no_header_end, milter_step::unanswered_header_end},
    Step{MilterCommand::body, milter_step::no_body, milter_step::unanswered_body},
};

const Step* step_of(MilterCommand command) {
  const auto found = std::ranges::find(steps, command, &Step::command);
  return found == steps.end() ? nullptr : &*found;
}

std::optional<std::vector<std::string>> words_of(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string_view word : split(text, ' ')) {
    if (!word.empty()) {
      out.emplace_back(word);
    }
  }
  return out;
}

}  // namespace

std::string_view describe(MilterFailure failure) {
  switch (failure) {
    case MilterFailure::too_long:
      return "a packet that is too long";
    case MilterFailure::malformed:
      return "no packet of the milter protocol";
    case MilterFailure::bad_terms:
      return "terms that were not offered";
    case MilterFailure::out_of_place:
      return "a reply that is out of place";
  }
  return "an unknown failure";
}

Result<std::optional<MilterPacket>, MilterFailure> parse_milter_packet(std::string_view octets) {
  if (octets.size() < 4) {
    return std::nullopt;
  }
  const std::size_t length = read_uint32(octets);
  if (length == 0) {
    return failure(MilterFailure::malformed);
  }
  if (length > milter_packet_octets_max) {
    return failure(MilterFailure::too_long);
  }
  if (octets.size() < 4 + length) {
    return std::nullopt;
  }
  return MilterPacket{octets[4], octets.substr(5, length - 1), 4 + length};
}

Result<MilterTerms, MilterFailure> parse_milter_terms(const MilterPacket& packet) {
  if (packet.kind != static_cast<char>(MilterCommand::negotiate) || packet.data.size() < 12) {
    return failure(MilterFailure::malformed);
  }
  MilterTerms terms;
  terms.version = read_uint32(packet.data);
  terms.actions = read_uint32(packet.data.substr(4));
  // Sizes of packets beyond the usual one were not offered: a filter that says them is answered in
  // the usual one.
  constexpr std::uint32_t sizes = 0x70000000;
  terms.steps = read_uint32(packet.data.substr(8)) & ~sizes;
  if (terms.version < milter_version_min || terms.version > milter_version ||
      (terms.actions & ~milter_action::all) != 0 || (terms.steps & ~milter_step::offered) != 0) {
    return failure(MilterFailure::bad_terms);
  }
  std::string_view rest = packet.data.substr(12);
  while (rest.size() >= 4) {
    const std::uint32_t stage = read_uint32(rest);
    rest.remove_prefix(4);
    const auto names = take_text(rest);
    if (stage < milter_stages && names) {
      terms.macros[stage] = words_of(*names);
    }
  }
  return terms;
}

Result<MilterReply, MilterFailure> parse_milter_reply(const MilterPacket& packet) {
  const auto row = std::ranges::find(rows, packet.kind, &Row::kind);
  if (row == rows.end()) {
    return failure(MilterFailure::malformed);
  }
  MilterReply out;
  out.verb = row->verb;
  if (!read_data(packet.data, out)) {
    return failure(MilterFailure::malformed);
  }
  return out;
}

bool is_wanted(const MilterTerms& terms, MilterCommand command) {
  // Version 2 knows neither DATA nor what came later.
  if (command == MilterCommand::data && terms.version < 4) {
    return false;
  }
  const Step* step = step_of(command);
  return step == nullptr || (terms.steps & step->unwanted) == 0;
}

bool is_answered(const MilterTerms& terms, MilterCommand command) {
  switch (command) {
    case MilterCommand::abort:
    case MilterCommand::quit:
    case MilterCommand::macro:
      return false;
    default:
      break;
  }
  const Step* step = step_of(command);
  return step == nullptr || (terms.steps & step->unanswered) == 0;
}

bool is_final(MilterVerb verb) {
  return std::ranges::find(rows, verb, &Row::verb)->is_final;
}

bool is_allowed(const MilterTerms& terms, MilterCommand command, MilterVerb verb) {
  if (verb == MilterVerb::skip) {
    return command == MilterCommand::body && (terms.steps & milter_step::skip) != 0;
  }
  std::uint32_t actions = 0;
  for (const Row& row : rows) {
    actions |= row.verb == verb ? row.action : 0;
  }
  return actions == 0 || (command == MilterCommand::body_end && (terms.actions & actions) != 0);
}

}  // namespace postrider::filter
