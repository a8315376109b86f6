#include "lexer.hpp"

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/limits.hpp>

namespace postrider::mime {

bool is_atext(char c) {
  constexpr std::string_view symbols = "!#$%&'*+-/=?^_`{|}~";
  return is_ascii_alpha(c) || is_ascii_digit(c) || (static_cast<unsigned char>(c) & 0x80U) != 0 ||
         (c != '\0' && symbols.find(c) != std::string_view::npos);
}

bool is_dot_atom(std::string_view text) {
  bool atom_before = false;
  for (const char c : text) {
    if (is_atext(c)) {
      atom_before = true;
    } else if (c == '.' && atom_before) {
      atom_before = false;
    } else {
      return false;
    }
  }
  return atom_before;
}

bool Lexer::take(char wanted) {
  if (at_end() || text_[at_] != wanted) {
    return false;
  }
  ++at_;
  return true;
}

bool Lexer::skip_blank() {
  const std::size_t begin = at_;
  while (!at_end()) {
    if (is_wsp(text_[at_])) {
      ++at_;
    } else if (text_.substr(at_, 2) == "\r\n" &&
               (at_ + 2 == text_.size() || is_wsp(text_[at_ + 2]))) {
      at_ += 2;
    } else {
      break;
    }
  }
  return at_ != begin;
}

// Iterative: the depth is the sender's choice.
bool Lexer::skip_comment(Cfws& outcome) {
  std::size_t depth = 0;
  do {
    if (at_end()) {
      outcome = Cfws::unterminated;
      return false;
    }
    const char c = text_[at_++];
    if (c == '(') {
      if (++depth > max_comment_depth) {
        outcome = Cfws::too_deep;
        return false;
      }
    } else if (c == ')') {
      --depth;
    } else if (c == '\\' && !at_end()) {
      ++at_;
    }
  } while (depth > 0);
  return true;
}

Lexer::Cfws Lexer::skip_cfws() {
  Cfws outcome = Cfws::none;
  while (true) {
    if (skip_blank()) {
      outcome = Cfws::some;
    } else if (peek() == '(') {
      if (!skip_comment(outcome)) {
        return outcome;
      }
      outcome = Cfws::some;
    } else {
      return outcome;
    }
  }
}

std::optional<std::string_view> Lexer::take_atom() {
  const std::size_t begin = at_;
  while (!at_end() && is_atext(text_[at_])) {
    ++at_;
  }
  return at_ == begin ? std::nullopt : std::optional(text_.substr(begin, at_ - begin));
}

std::optional<std::string> Lexer::take_quoted_string() {
  const std::size_t begin = at_;
  std::string content;
  bool whole = take('"');
  while (whole && !at_end() && text_[at_] != '"') {
    if (text_.substr(at_, 2) == "\r\n" && at_ + 2 < text_.size() && is_wsp(text_[at_ + 2])) {
      at_ += 2;
      continue;
    }
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
      ++at_;
    }
    const char c = text_[at_++];
    whole = c != '\0' && c != '\r' && c != '\n';
    content += c;
  }
  if (!whole || !take('"')) {
    at_ = begin;
    return std::nullopt;
  }
  return content;
}

std::optional<std::string> Lexer::take_domain_literal() {
  const std::size_t begin = at_;
  std::string content = "[";
  bool whole = take('[');
  while (whole && !at_end() && text_[at_] != ']') {
    if (skip_blank()) {
      continue;
    }
    const char c = text_[at_++];
    // Escapes (RFC 5322 4.4, obs-dtext) have no use in an address literal.
    whole = c > ' ' && c < 0x7F && c != '[' && c != '\\';
    content += c;
  }
  if (!whole || !take(']')) {
    at_ = begin;
    return std::nullopt;
  }
  return content + "]";
}

std::optional<std::string_view> Lexer::take_token() {
  constexpr std::string_view specials = "()<>@,;:\\\"/[]?=";
  const std::size_t begin = at_;
  while (!at_end() && text_[at_] > ' ' && text_[at_] < 0x7F &&
         specials.find(text_[at_]) == std::string_view::npos) {
    ++at_;
  }
  return at_ == begin ? std::nullopt : std::optional(text_.substr(begin, at_ - begin));
}

}  // namespace postrider::mime
