#include "text_pieces.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/charset.hpp>
#include <postrider/codec/imap/sort_key.hpp>
#include <postrider/codec/imap/text_match.hpp>
#include <postrider/codec/mime/encoded_word.hpp>
#include <postrider/codec/mime/transfer_encoding.hpp>

namespace postrider::imap {
namespace {

constexpr std::size_t piece_octets = 64 * 1024;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

TextNeedle::TextNeedle(std::string_view utf8) : folded_(casemap(utf8)) {}

std::string_view take_piece(std::string_view& utf8) {
  std::size_t end = std::min(piece_octets, utf8.size());
  // A character, with the marks that are written after it, is not cut where ASCII is near.
  std::size_t cut = end;
  while (cut < utf8.size() && cut > end - std::min(end, std::size_t{256}) &&
         static_cast<unsigned char>(utf8[cut]) >= 0x80) {
    --cut;
  }
  if (cut < utf8.size() && static_cast<unsigned char>(utf8[cut]) < 0x80 && cut > 0) {
    end = cut;
  }
  while (end < utf8.size() && is_continuation(utf8[end])) {
    ++end;
  }
  const std::string_view piece = utf8.substr(0, end);
  utf8.remove_prefix(end);
  return piece;
}

bool TextNeedle::is_in(std::string_view utf8) const {
  TextSearch search(folded_);
  bool found = search.feed({});
  while (!found && !utf8.empty()) {
    found = search.feed(take_piece(utf8));
  }
  return found;
}

TextSearch::TextSearch(std::string folded_needle)
    : needle_(std::move(folded_needle)), found_(needle_.empty()) {}

bool TextSearch::feed(std::string_view utf8) {
  if (found_ || utf8.empty()) {
    return found_;
  }
  window_ += casemap(utf8);
  found_ = window_.contains(needle_);
  window_.erase(0, window_.size() - std::min(window_.size(), needle_.size() - 1));
  return found_;
}

std::string decoded_text(std::string_view encoding, std::string_view charset,
                         std::string_view body) {
  const auto decoded = mime::decode_transfer_encoding(encoding.empty() ? "7bit" : encoding, body);
  const std::string_view octets = decoded ? std::string_view(*decoded) : body;
  if (auto text = to_utf8(charset, octets)) {
    return *std::move(text);
  }
  return to_utf8("utf-8", octets).value_or("");
}

std::string decoded_field(std::string_view value) {
  return mime::decode_words(value);
}

}  // namespace postrider::imap
