#include <algorithm>
#include <utility>

#include <postrider/codec/smtp/data_framer.hpp>

namespace postrider::smtp {
namespace {

constexpr std::string_view held_cr = "\r";

}  // namespace

// Moves past whole lines that need nothing, and stops before a dot at a line's begin or at the end.
void DataFramer::scan_lines(std::string_view& input) {
  while (!input.empty() && !(state_ == State::line_begin && input.front() == '.')) {
    const std::size_t lf = input.find('\n');
    if (lf == std::string_view::npos) {
      state_ = input.back() == '\r' ? State::cr : State::inside;
      input = {};
      return;
    }
    const bool is_crlf = lf > 0 ? input[lf - 1] == '\r' : state_ == State::cr;
    state_ = is_crlf ? State::line_begin : State::inside;
    input.remove_prefix(lf + 1);
  }
}

DataFramer::Piece DataFramer::next(std::string_view& input) {
  while (!input.empty()) {
    if (state_ == State::dot) {
      if (input.front() == '\r') {
        state_ = State::dot_cr;
        input.remove_prefix(1);
        continue;
      }
      state_ = State::inside;
    } else if (state_ == State::dot_cr) {
      if (input.front() == '\n') {
        state_ = State::line_begin;
        input.remove_prefix(1);
        return {Piece::Kind::end, {}};
      }
      // The line goes on after a bare CR, which was held back: its dot was a stuffed one.
      state_ = State::cr;
      return {Piece::Kind::octets, held_cr};
    } else if (state_ == State::line_begin && input.front() == '.') {
      state_ = State::dot;
      input.remove_prefix(1);
      continue;
    }
    const std::string_view before = input;
    scan_lines(input);
    return {Piece::Kind::octets, before.substr(0, before.size() - input.size())};
  }
  return {};
}

std::string_view ChunkFramer::next(std::string_view& input) {
  const std::size_t octets = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
  const std::string_view piece = input.substr(0, octets);
  input.remove_prefix(octets);
  left_ -= octets;
  return piece;
}

}  // namespace postrider::smtp
