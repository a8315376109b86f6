#include <algorithm>
#include <optional>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/imap/command_framer.hpp>
#include <postrider/codec/imap/limits.hpp>

namespace postrider::imap {
namespace {

using Event = CommandFramer::Event;

// A header has at most 19 digits that mean something; more may be written.
constexpr std::size_t tail_octets = 64;
constexpr std::size_t number64_digits = 19;

struct HeaderEnd {
  bool is_header = false;
  bool is_number = false;  // of 63 bits
  LiteralHeader literal;
};

// What stands at the end of `line`. `is_cut`: the line began earlier than the view.
HeaderEnd find_header(std::string_view line, bool is_cut) {
  HeaderEnd found;
  if (!line.ends_with('}')) {
    return found;
  }
  std::size_t end = line.size() - 1;
  found.literal.waits = end == 0 || line[end - 1] != '+';
  end -= found.literal.waits ? 0 : 1;
  std::size_t begin = end;
  while (begin > 0 && is_ascii_digit(line[begin - 1])) {
    --begin;
  }
  if (begin == end) {
    return found;
  }
  if (begin == 0 || line[begin - 1] != '{') {
    found.is_header = begin == 0 && is_cut;  // too many digits to see where they begin
    return found;
  }
  found.is_header = true;
  found.literal.is_binary = begin > 1 && line[begin - 2] == '~';
  std::string_view digits = line.substr(begin, end - begin);
  while (digits.size() > 1 && digits.front() == '0') {
    digits.remove_prefix(1);
  }
  const auto number = digits.size() <= number64_digits ? parse_decimal(digits) : std::nullopt;
  found.is_number = number && *number <= INT64_MAX;
  found.literal.octets = found.is_number ? *number : 0;
  return found;
}

bool has_stray_octet(std::string_view line) {
  return line.find_first_of(std::string_view("\r\n\0", 3)) != line.npos;
}

}  // namespace

bool CommandFramer::is_idle() const {
  return state_ == State::line && (lent_ || !began_);
}

void CommandFramer::reset() {
  begin_command();
  state_ = State::line;
}

void CommandFramer::begin_command() {
  lent_ = false;
  began_ = false;
  flaw_ = Flaw::none;
  discarded_ = 0;
  if (text_.capacity() > idle_buffer_octets) {
    std::string().swap(text_);  // an assignment would keep the memory
  }
  text_.clear();
  begin_line();
}

void CommandFramer::begin_line() {
  line_at_ = text_.size();
  line_octets_ = 0;
  tail_.clear();
}

// From here on only the command's end matters, and its tag.
void CommandFramer::spoil(Flaw flaw) {
  if (flaw_ != Flaw::none) {
    return;
  }
  flaw_ = flaw;
  const std::string_view line = std::string_view(text_).substr(line_at_);
  tail_ = line.substr(line.size() - std::min(line.size(), tail_octets));
  text_.resize(std::min(text_.size(), tag_octets_max));
  text_.shrink_to_fit();
}

bool CommandFramer::discard(std::uint64_t octets) {
  if (octets > limits_.discard_octets || discarded_ > limits_.discard_octets - octets) {
    return false;
  }
  discarded_ += octets;
  return true;
}

void CommandFramer::take_octets(std::string_view octets) {
  if (octets.empty()) {
    return;
  }
  began_ = true;
  if (flaw_ == Flaw::none) {
    const std::size_t line = text_.size() - line_at_ + octets.size();
    if (line <= limits_.line_octets && text_.size() + octets.size() <= limits_.command_octets) {
      text_ += octets;
      return;
    }
    spoil(Flaw::too_long);
  }
  // The tag may lie in what was too much already, however it was cut.
  text_ += octets.substr(0, tag_octets_max - text_.size());
  tail_ += octets.substr(octets.size() - std::min(octets.size(), tail_octets));
  tail_.erase(0, tail_.size() - std::min(tail_.size(), tail_octets));
}

Event CommandFramer::refuse() {
  lent_ = true;
  state_ = State::line;
  return {.kind = Event::Kind::refused, .octets = text_, .literal = literal_, .flaw = flaw_};
}

Event CommandFramer::skip_literal(std::uint64_t octets) {
  if (!discard(octets)) {
    return {.kind = Event::Kind::hopeless, .octets = text_, .flaw = flaw_};
  }
  left_ = octets;
  state_ = State::skip;
  return {};
}

// `line`: without CRLF, or the end of one that was not kept.
Event CommandFramer::end_of_line(std::string_view line, Syntax syntax) {
  const bool was_flawed = flaw_ != Flaw::none;
  const HeaderEnd header = syntax == Syntax::plain_line
                               ? HeaderEnd{}
                               : find_header(line, was_flawed && line.size() >= tail_octets - 2);
  literal_ = header.literal;
  if (header.is_header && !header.is_number) {
    spoil(Flaw::literal_number);
    return header.literal.waits
               ? refuse()
               : Event{.kind = Event::Kind::hopeless, .octets = text_, .flaw = flaw_};
  }
  if (!was_flawed && has_stray_octet(line)) {
    spoil(Flaw::stray_octet);
  }
  if (flaw_ != Flaw::none) {
    discarded_ += std::min(line_octets_, limits_.discard_octets - discarded_);
    return header.is_header && !literal_.waits ? skip_literal(literal_.octets) : refuse();
  }
  if (header.is_header) {
    state_ = State::decide;
    return {.kind = Event::Kind::literal, .octets = text_, .literal = literal_};
  }
  lent_ = true;
  return {.kind = Event::Kind::command, .octets = text_};
}

Event CommandFramer::next(std::string_view& input, Syntax syntax) {
  check(state_ != State::decide, "a literal that nobody has decided about");
  if (lent_) {
    begin_command();
  }
  while (true) {
    if (state_ == State::hopeless) {
      return {.kind = Event::Kind::hopeless, .octets = text_, .flaw = flaw_};
    }
    if (state_ != State::line) {
      const std::size_t octets =
          static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
      const std::string_view piece = input.substr(0, octets);
      input.remove_prefix(octets);
      left_ -= octets;
      if (state_ == State::stream && !piece.empty()) {
        return {.kind = Event::Kind::piece, .octets = piece, .literal = literal_};
      }
      if (state_ == State::keep) {
        text_ += piece;
      }
      if (left_ > 0) {
        return {};
      }
      const bool streamed = std::exchange(state_, State::line) == State::stream;
      begin_line();
      if (streamed) {
        return {.kind = Event::Kind::literal_end, .literal = literal_};
      }
      continue;
    }
    std::size_t from = 0;
    std::size_t lf = 0;
    while ((lf = input.find('\n', from)) != input.npos) {
      const std::string_view before =
          flaw_ == Flaw::none ? std::string_view(text_).substr(line_at_) : std::string_view(tail_);
      if (lf > 0 ? input[lf - 1] == '\r' : before.ends_with('\r')) {
        break;
      }
      from = lf + 1;
    }
    const std::string_view head = input.substr(0, lf == input.npos ? lf : lf + 1);
    input.remove_prefix(head.size());
    take_octets(head);
    line_octets_ += head.size();
    if (flaw_ != Flaw::none && line_octets_ > limits_.discard_octets - discarded_) {
      return {.kind = Event::Kind::hopeless, .octets = text_, .flaw = flaw_};
    }
    if (lf == input.npos || head.empty() || head.back() != '\n') {
      return {};
    }
    std::string_view line;
    if (flaw_ == Flaw::none) {
      text_.resize(text_.size() - 2);
      line = std::string_view(text_).substr(line_at_);
    } else {
      line = std::string_view(tail_).substr(0, tail_.size() - 2);
    }
    const Event event = end_of_line(line, syntax);
    if (event.kind != Event::Kind::more) {
      return event;
    }
    tail_.clear();
  }
}

bool CommandFramer::keep_literal() {
  check(state_ == State::decide, "no literal to keep");
  // Room for the lines that stand around it counts too.
  if (literal_.octets > limits_.command_octets ||
      text_.size() + 2 + literal_.octets > limits_.command_octets) {
    return false;
  }
  text_ += "\r\n";
  left_ = literal_.octets;
  state_ = State::keep;
  return true;
}

void CommandFramer::stream_literal() {
  check(state_ == State::decide, "no literal to stream");
  text_.clear();
  left_ = literal_.octets;
  state_ = State::stream;
  begin_line();
}

bool CommandFramer::drop_command() {
  if (state_ == State::decide) {
    if (literal_.waits) {
      reset();
      return false;
    }
    left_ = literal_.octets;
    state_ = State::skip;
  } else if (state_ == State::stream) {
    state_ = State::skip;
  }
  spoil(Flaw::dropped);
  if (state_ == State::skip && !discard(left_)) {
    state_ = State::hopeless;
  }
  return true;
}

}  // namespace postrider::imap
