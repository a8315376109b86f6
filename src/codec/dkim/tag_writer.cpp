#include <fmt/format.h>

#include <postrider/codec/dkim/tag_writer.hpp>
#include <postrider/codec/mime/limits.hpp>

namespace postrider::dkim {

TagWriter::TagWriter(std::string_view field_name)
    : out_(std::string(field_name) + ':'), column_(out_.size()) {}

void TagWriter::add(std::string_view name, std::string_view value) {
  add_piece(fmt::format("{}={};", name, value), " ");
}

void TagWriter::add_list(std::string_view name, const std::vector<std::string>& items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    add_piece((i == 0 ? fmt::format("{}=", name) : std::string()) + items[i] +
                  (i + 1 < items.size() ? ":" : ";"),
              i == 0 ? " " : "");
  }
}

void TagWriter::begin_signature_value() {
  break_line();
  out_ += "b=";
  column_ += 2;
}

void TagWriter::add_base64(std::string_view text) {
  while (!text.empty()) {
    if (column_ >= mime::fold_column) {
      break_line();
    }
    const std::string_view piece = text.substr(0, mime::fold_column - column_);
    out_ += piece;
    column_ += piece.size();
    text.remove_prefix(piece.size());
  }
}

void TagWriter::add_piece(std::string_view piece, std::string_view separator) {
  if (column_ + separator.size() + piece.size() > mime::fold_column) {
    break_line();
  } else {
    out_ += separator;
    column_ += separator.size();
  }
  out_ += piece;
  column_ += piece.size();
}

void TagWriter::break_line() {
  out_ += "\r\n ";
  column_ = 1;
}

}  // namespace postrider::dkim
