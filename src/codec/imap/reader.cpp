#include "reader.hpp"

#include <algorithm>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/limits.hpp>

namespace postrider::imap {
namespace {

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

// RFC 9051 9: ATOM-CHAR. Octets past 127 are none.
bool is_atom_char(char c) {
  return !is_control(c) && static_cast<unsigned char>(c) < 0x80 &&
         std::string_view("(){ %*\"\\]").find(c) == std::string_view::npos;
}
bool is_astring_char(char c) {
  return is_atom_char(c) || c == ']';
}
bool is_list_char(char c) {
  return is_astring_char(c) || c == '%' || c == '*';
}
bool is_word_char(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || c == '.' || c == '-';
}
bool is_set_char(char c) {
  return is_ascii_digit(c) || c == ':' || c == ',' || c == '*' || c == '$';
}

}  // namespace

void Reader::fail(std::string what, ParseError::Kind kind) {
  if (error_) {
    return;
  }
  if (kind == ParseError::Kind::syntax) {
    what += " (at octet " + std::to_string(at_ + 1) + ')';
  }
  error_ = ParseError{kind, std::move(what)};
  at_ = text_.size();
}

bool Reader::sees_word(std::string_view wanted) const {
  const std::string_view left = text_.substr(at_);
  return starts_with_ignoring_case(left, wanted) &&
         (left.size() == wanted.size() || !is_atom_char(left[wanted.size()]));
}

bool Reader::take_word(std::string_view wanted) {
  if (!sees_word(wanted)) {
    return false;
  }
  at_ += wanted.size();
  return true;
}

bool Reader::sees_prefix(std::string_view prefix) const {
  return starts_with_ignoring_case(text_.substr(at_), prefix);
}

bool Reader::take_prefix(std::string_view prefix) {
  if (!sees_prefix(prefix)) {
    return false;
  }
  at_ += prefix.size();
  return true;
}

bool Reader::take(char c) {
  if (!sees(c)) {
    return false;
  }
  ++at_;
  return true;
}

void Reader::expect(char c) {
  if (!take(c)) {
    fail(c == ' ' ? "expected a blank" : std::string("expected ") + c);
  }
}

void Reader::end() {
  while (take(' ')) {
  }
  if (!at_end()) {
    fail("nothing more was expected");
  }
}

std::string_view Reader::take_while(bool (*wanted)(char)) {
  const std::size_t begin = at_;
  while (!at_end() && wanted(text_[at_])) {
    ++at_;
  }
  return text_.substr(begin, at_ - begin);
}

std::string_view Reader::atom(std::string_view what) {
  const std::string_view found = take_while(is_atom_char);
  if (found.empty()) {
    fail("expected " + std::string(what));
  }
  return found;
}

std::string_view Reader::word(std::string_view what) {
  const std::string_view found = take_while(is_word_char);
  if (found.empty()) {
    fail("expected " + std::string(what));
  }
  return found;
}

std::string Reader::quoted() {
  std::string out;
  ++at_;
  while (!at_end()) {
    const char c = text_[at_++];
    if (c == '"') {
      if (!is_utf8(out)) {
        fail("a quoted string that is not UTF-8");
      }
      return out;
    }
    if (c != '\\') {
      if (c == '\r' || c == '\n' || c == '\0') {
        break;  // out of a literal further on: no quoted string holds one
      }
      out += c;
    } else if (sees('"') || sees('\\')) {
      out += text_[at_++];
    } else {
      fail("a backslash in a quoted string stands before \" or \\ only");
      return {};
    }
  }
  fail("a quoted string without its end");
  return {};
}

std::string Reader::literal(bool literal8) {
  const bool is_binary = take('~');
  if (is_binary && !literal8) {
    fail("no literal8 is allowed here");
    return {};
  }
  expect('{');
  const std::uint64_t octets = number64("the size of a literal");
  take('+');
  expect('}');
  if (ok() && at_end()) {
    wants_literal_ = true;
    fail("a literal is missing");
    return {};
  }
  expect('\r');
  expect('\n');
  if (!ok() || octets > text_.size() - at_) {
    fail("a literal without its end");
    return {};
  }
  std::string out(text_.substr(at_, octets));
  if (!is_binary && out.contains('\0')) {
    fail("NUL in a literal");
    return {};
  }
  at_ += octets;
  return out;
}

std::string Reader::string(std::string_view what) {
  if (sees('"')) {
    return quoted();
  }
  if (sees('{')) {
    return literal(false);
  }
  fail("expected " + std::string(what));
  return {};
}

std::string Reader::astring(std::string_view what) {
  if (sees('"') || sees('{')) {
    return string(what);
  }
  const std::string_view found = take_while(is_astring_char);
  if (found.empty()) {
    fail("expected " + std::string(what));
  }
  return std::string(found);
}

std::optional<std::string> Reader::nstring(std::string_view what, bool literal8) {
  if (take_word("NIL")) {
    return std::nullopt;
  }
  if (literal8 && sees('~')) {
    return literal(true);
  }
  return string(what);
}

std::string Reader::decoded_name(std::string wire) {
  if (!ok()) {
    return {};
  }
  if (form_ == NameForm::utf8) {
    if (!is_utf8(wire)) {
      fail("the mailbox name is not UTF-8", ParseError::Kind::cannot);
      return {};
    }
    return wire;
  }
  auto name = decode_modified_utf7(wire);
  if (!name) {
    fail("the mailbox name is not modified UTF-7", ParseError::Kind::cannot);
    return {};
  }
  return *std::move(name);
}

std::string Reader::list_mailbox() {
  std::string wire;
  if (sees('"') || sees('{')) {
    wire = string("a pattern");
  } else {
    wire = take_while(is_list_char);
    if (wire.empty()) {
      fail("expected a mailbox name or a pattern");
    }
  }
  if (wire.size() > 3 * mailbox_name_octets_max) {
    fail("the pattern is too long", ParseError::Kind::limit);
  }
  return decoded_name(std::move(wire));
}

std::string Reader::mailbox() {
  const std::string name = decoded_name(astring("a mailbox name"));
  if (!ok()) {
    return {};
  }
  auto canonical = canonical_mailbox_name(name);
  if (!canonical) {
    fail(name.size() > mailbox_name_octets_max ? "the mailbox name is too long"
                                               : "no mailbox can have that name",
         ParseError::Kind::cannot);
    return {};
  }
  return *std::move(canonical);
}

std::uint64_t Reader::number64(std::string_view what) {
  std::string_view digits = take_while(is_ascii_digit);
  const auto value = parse_decimal(digits);
  if (digits.empty() || !value || *value > INT64_MAX) {
    fail("expected " + std::string(what));
    return 0;
  }
  return *value;
}

std::uint32_t Reader::number(std::string_view what) {
  const std::uint64_t value = number64(what);
  if (value > UINT32_MAX) {
    fail("expected " + std::string(what) + " of 32 bits");
    return 0;
  }
  return static_cast<std::uint32_t>(value);
}

std::uint32_t Reader::nz_number(std::string_view what) {
  const std::uint32_t value = number(what);
  if (value == 0) {
    fail("expected " + std::string(what) + ", not 0");
  }
  return value;
}

bool Reader::sees_sequence_set() const {
  return !at_end() && (is_ascii_digit(text_[at_]) || text_[at_] == '*' || text_[at_] == '$');
}

SequenceSet Reader::sequence_set() {
  const std::string_view text = take_while(is_set_char);
  auto set = parse_sequence_set(text);
  if (!set) {
    const auto ranges = static_cast<std::size_t>(std::ranges::count(text, ','));
    if (ranges >= ranges_max) {
      fail("too many ranges in a sequence set", ParseError::Kind::limit);
    } else {
      fail("expected a sequence set");
    }
    return {};
  }
  return *std::move(set);
}

SequenceSet Reader::plain_set(std::string_view what) {
  SequenceSet set = sequence_set();
  const bool has_star = std::ranges::any_of(set.ranges, [](const SequenceSet::Range& range) {
    return range.first == SequenceSet::star || range.last == SequenceSet::star;
  });
  if (set.saved || has_star) {
    fail("expected " + std::string(what) + " without * and $");
    return {};
  }
  return set;
}

void Reader::take_flag(Flags& flags) {
  if (take('\\')) {
    const std::string_view name = atom("a flag");
    if (equals_ignoring_case(name, "Recent")) {
      return;  // RFC 3501's, which no client can change; programs copy it from what they read
    }
    const auto bit = parse_system_flag('\\' + std::string(name));
    if (ok() && !bit) {
      fail("no such system flag: \\" + std::string(name));
      return;
    }
    flags.system |= bit.value_or(0);
    return;
  }
  const std::string_view name = atom("a flag");
  if (name.size() > keyword_octets_max || flags.keywords.size() == flags_max) {
    fail("too many keywords, or one that is too long", ParseError::Kind::limit);
    return;
  }
  const bool known = std::ranges::any_of(
      flags.keywords, [name](const std::string& one) { return equals_ignoring_case(one, name); });
  if (ok() && !known) {
    flags.keywords.emplace_back(name);
  }
}

Flags Reader::flag_list(bool bare_allowed) {
  Flags flags;
  const bool bare = bare_allowed && !sees('(');
  if (!bare) {
    expect('(');
    if (take(')')) {
      return flags;
    }
  }
  do {
    take_flag(flags);
  } while (ok() && take(' '));
  if (!bare) {
    expect(')');
  }
  return flags;
}

std::string_view Reader::rest() {
  const std::string_view left = text_.substr(at_);
  at_ = text_.size();
  return left;
}

Reader::MessageHeader Reader::message_header() {
  MessageHeader header;
  header.is_binary = take('~');
  if (!sees('{')) {
    fail("expected a literal with the message");
    return header;
  }
  expect('{');
  header.octets = number64("the size of a literal");
  take('+');
  expect('}');
  if (!at_end()) {
    fail("a literal's header ends its line");
  }
  return header;
}

}  // namespace postrider::imap
