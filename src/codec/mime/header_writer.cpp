#include <algorithm>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/mime/encoded_word.hpp>
#include <postrider/codec/mime/header_writer.hpp>
#include <postrider/codec/mime/limits.hpp>

namespace postrider::mime {

namespace {

constexpr std::size_t folds_octets = 16;  // of most fields: colon, folds, line end

// Puts words on lines: a line is broken before a word that would pass column 78. The blanks stay as
// they are, so that unfolding gives the text back.
class Folder {
 public:
  Folder(std::string& out, std::string_view name) : out_(out) {
    check(!name.empty() &&
              std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7F && c != ':'; }),
          "a field name");
    out_ += name;
    out_ += ": ";
    column_ = name.size() + 2;
  }

  // No control characters in it.
  void add(std::string_view text) {
    while (!text.empty()) {
      const std::size_t blanks = std::min(text.find_first_not_of(' '), text.size());
      const std::size_t end = std::min(text.find(' ', blanks), text.size());
      // A line of blanks alone must not be made (RFC 5322 3.2.2).
      if (blanks > 0 && blanks < end && column_ + end > fold_column && has_word_) {
        out_ += "\r\n";
        column_ = 0;
      }
      out_ += text.substr(0, end);
      column_ += end;
      has_word_ = has_word_ || blanks < end;
      text.remove_prefix(end);
    }
  }

  // As it is: encoded-words, which bring their own folds.
  void add_folded(std::string_view text) {
    out_ += text;
    const std::size_t fold = text.rfind('\n');
    column_ = fold == std::string_view::npos ? column_ + text.size() : text.size() - fold - 1;
    has_word_ = true;
  }

  void fold() {
    out_ += "\r\n ";
    column_ = 1;
  }

  [[nodiscard]] std::size_t column() const { return column_; }
  void finish() { out_ += "\r\n"; }

 private:
  std::string& out_;
  std::size_t column_ = 0;
  bool has_word_ = false;
};

std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return line;
}

}  // namespace

HeaderWriter& HeaderWriter::unstructured(std::string_view name, std::string_view text) {
  const std::string line = one_line(text);
  Folder folder(out_, name);
  // A word longer than a line may be can't be folded, and "=?" would be decoded: encode those too.
  std::size_t longest_word = 0;
  for (const std::string_view word : split(line, ' ')) {
    longest_word = std::max(longest_word, word.size());
  }
  const bool plain = (is_ascii(line) || (utf8_allowed_ && is_utf8(line))) &&
                     line.find("=?") == std::string::npos &&
                     longest_word + name.size() + 3 < standard_line_octets;
  if (plain) {
    folder.add(line);
  } else {
    folder.add_folded(encode_words(line, folder.column()));
  }
  folder.finish();
  return *this;
}

HeaderWriter& HeaderWriter::structured(std::string_view name, std::string_view text) {
  out_.reserve(out_.size() + name.size() + text.size() + folds_octets);
  Folder folder(out_, name);
  folder.add(one_line(text));
  folder.finish();
  return *this;
}

HeaderWriter& HeaderWriter::mailboxes(std::string_view name, const std::vector<Mailbox>& list) {
  Folder folder(out_, name);
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::string text = encode_mailbox(list[i], utf8_allowed_);
    if (i + 1 < list.size()) {
      text += ',';
    }
    const std::size_t first_line = std::min(text.find('\r'), text.size());
    if (i > 0) {
      if (folder.column() + 1 + first_line > fold_column) {
        folder.fold();
      } else {
        folder.add_folded(" ");
      }
    }
    folder.add_folded(text);
  }
  folder.finish();
  return *this;
}

HeaderWriter& HeaderWriter::date(std::string_view name, WallTime time) {
  return structured(name, encode_rfc5322_date(time));
}

}  // namespace postrider::mime
