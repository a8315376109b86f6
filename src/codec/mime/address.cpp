#include "lexer.hpp"

#include <algorithm>
#include <iterator>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/mime/encoded_word.hpp>
#include <postrider/codec/mime/limits.hpp>

namespace postrider::mime {

namespace {

// One of the words and dots that a phrase or a local-part consists of; which one it was shows only
// at the "<", ":" or "@" that follows.
struct Word {
  std::string text;
  bool is_dot = false;
  bool is_quoted = false;
  bool blank_before = false;
};

// What the first of the comments holds. In: blanks and whole comments.
std::string comment_in(std::string_view cfws) {
  std::string out;
  int depth = 0;
  for (std::size_t at = cfws.find('('); at < cfws.size(); ++at) {
    const char c = cfws[at];
    if (c == '\\' && at + 1 < cfws.size()) {
      out += cfws[++at];
      continue;
    }
    if (c == ')' && --depth == 0) {
      break;
    }
    if (depth > 0 && c != '\r' && c != '\n') {
      out += c;
    }
    depth += c == '(' ? 1 : 0;
  }
  return std::string(trim_wsp(out));
}

class AddressParser {
 public:
  explicit AddressParser(std::string_view text) : text_(text), lexer_(text) {}

  bool parse_list(std::vector<Address>& list) {
    while (true) {
      if (!skip_cfws()) {
        return false;
      }
      if (lexer_.take(',')) {
        continue;  // RFC 5322 4.4, obs-addr-list
      }
      if (lexer_.at_end()) {
        return !list.empty() || fail(AddressErrorKind::syntax);
      }
      if (!parse_address(list.emplace_back()) || !skip_cfws()) {
        return false;
      }
      if (!lexer_.at_end() && !lexer_.take(',')) {
        return fail(AddressErrorKind::syntax);
      }
    }
  }

  [[nodiscard]] AddressError error() const { return {error_, lexer_.offset()}; }

 private:
  bool fail(AddressErrorKind kind) {
    error_ = kind;
    return false;
  }

  bool skip_cfws() {
    switch (lexer_.skip_cfws()) {
      case Lexer::Cfws::unterminated:
        return fail(AddressErrorKind::syntax);
      case Lexer::Cfws::too_deep:
        return fail(AddressErrorKind::too_deep);
      default:
        return true;
    }
  }

  bool parse_words(std::vector<Word>& words) {
    while (true) {
      const std::size_t before = lexer_.offset();
      if (!skip_cfws()) {
        return false;
      }
      Word word{.blank_before = lexer_.offset() != before};
      if (const auto atom = lexer_.take_atom()) {
        word.text = *atom;
      } else if (auto quoted = lexer_.take_quoted_string()) {
        word.text = std::move(*quoted);
        word.is_quoted = true;
      } else if (lexer_.take('.')) {
        word.text = ".";
        word.is_dot = true;
      } else {
        return true;
      }
      words.push_back(std::move(word));
    }
  }

  bool parse_address(Address& address) {
    std::vector<Word> words;
    if (!parse_words(words)) {
      return false;
    }
    if (lexer_.peek() == ':') {
      return parse_group(words, address);
    }
    return parse_mailbox_after(words, address.mailboxes);
  }

  bool parse_group(const std::vector<Word>& words, Address& group) {
    if (words.empty()) {
      return fail(AddressErrorKind::syntax);
    }
    lexer_.advance();
    group.is_group = true;
    group.group_name = phrase_of(words);
    while (true) {
      if (!skip_cfws()) {
        return false;
      }
      if (lexer_.take(',')) {
        continue;  // RFC 5322 4.4, obs-mbox-list
      }
      if (lexer_.take(';')) {
        return true;
      }
      std::vector<Word> member;
      if (!parse_words(member) || !parse_mailbox_after(member, group.mailboxes) || !skip_cfws()) {
        return false;
      }
      if (lexer_.peek() != ';' && !lexer_.take(',')) {
        return fail(AddressErrorKind::syntax);
      }
    }
  }

  // `words` have been read: a display name before "<", or the local-part before "@".
  bool parse_mailbox_after(const std::vector<Word>& words, std::vector<Mailbox>& list) {
    if (++mailboxes_ > max_addresses) {
      return fail(AddressErrorKind::too_many_addresses);
    }
    Mailbox mailbox;
    if (lexer_.take('<')) {
      mailbox.display_name = phrase_of(words);
      std::vector<Word> local;
      if (!skip_cfws() || !parse_route(mailbox.route) || !parse_words(local) ||
          !parse_addr_spec(local, mailbox) || !skip_cfws()) {
        return false;
      }
      if (!lexer_.take('>')) {
        return fail(AddressErrorKind::syntax);
      }
    } else if (parse_addr_spec(words, mailbox) && skip_cfws()) {
      mailbox.comment = comment_in(text_.substr(domain_end_, lexer_.offset() - domain_end_));
    } else {
      return false;
    }
    list.push_back(std::move(mailbox));
    return true;
  }

  // "@a.example,@b.example:" before the addr-spec (RFC 5322 4.4).
  bool parse_route(std::string& route) {
    if (lexer_.peek() != '@') {
      return true;
    }
    while (!lexer_.take(':')) {
      std::string hop;
      if (!skip_cfws()) {
        return false;
      }
      if (lexer_.take(',')) {
        continue;
      }
      if (!lexer_.take('@') || !parse_domain(hop) || !skip_cfws()) {
        return fail(AddressErrorKind::syntax);
      }
      route += route.empty() ? "@" : ",@";
      route += hop;
      if (lexer_.peek() != ':' && !lexer_.take(',')) {
        return fail(AddressErrorKind::syntax);
      }
    }
    return true;
  }

  bool parse_addr_spec(const std::vector<Word>& words, Mailbox& mailbox) {
    bool dot_expected = false;
    for (const Word& word : words) {
      if (word.is_dot != dot_expected) {
        return fail(AddressErrorKind::syntax);
      }
      mailbox.local_part += word.text;
      dot_expected = !dot_expected;
    }
    if (!dot_expected || !lexer_.take('@')) {
      return fail(AddressErrorKind::syntax);
    }
    return parse_domain(mailbox.domain);
  }

  bool parse_domain(std::string& domain) {
    if (!skip_cfws()) {
      return false;
    }
    if (lexer_.peek() == '[') {
      auto literal = lexer_.take_domain_literal();
      domain_end_ = lexer_.offset();
      domain = literal.value_or("");
      return literal || fail(AddressErrorKind::syntax);
    }
    while (true) {
      const auto label = lexer_.take_atom();
      if (!label) {
        return fail(AddressErrorKind::syntax);
      }
      domain += *label;
      domain_end_ = lexer_.offset();
      if (!skip_cfws()) {
        return false;
      }
      if (!lexer_.take('.')) {
        return true;
      }
      domain += '.';
      if (!skip_cfws()) {
        return false;
      }
    }
  }

  static std::string phrase_of(const std::vector<Word>& words) {
    std::string phrase;
    for (const Word& word : words) {
      if (word.blank_before && !phrase.empty()) {
        phrase += ' ';
      }
      phrase += word.text;
    }
    return phrase;
  }

  std::string_view text_;
  Lexer lexer_;
  std::size_t mailboxes_ = 0;
  std::size_t domain_end_ = 0;  // of the last one; blanks and comments follow
  AddressErrorKind error_ = AddressErrorKind::syntax;
};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + "\"";
}

std::string without_controls(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return out;
}

bool is_phrase_of_atoms(std::string_view text) {
  return !text.empty() && text.front() != ' ' && text.back() != ' ' &&
         text.find("  ") == std::string_view::npos &&
         // What looks like an encoded-word would be decoded by the reader.
         text.find("=?") == std::string_view::npos &&
         std::ranges::all_of(text, [](char c) { return c == ' ' || is_atext(c); });
}

}  // namespace

Result<std::vector<Address>, AddressError> parse_address_list(std::string_view text) {
  if (!is_utf8(text)) {
    return failure(AddressError{AddressErrorKind::not_utf8, 0});
  }
  std::vector<Address> list;
  AddressParser parser(text);
  if (!parser.parse_list(list)) {
    return failure(parser.error());
  }
  return list;
}

Result<Mailbox, AddressError> parse_mailbox(std::string_view text) {
  auto list = parse_address_list(text);
  if (!list) {
    return failure(list.error());
  }
  if (list->size() != 1 || list->front().is_group) {
    return failure(AddressError{AddressErrorKind::syntax, 0});
  }
  return std::move(list->front().mailboxes.front());
}

std::vector<Mailbox> flatten(const std::vector<Address>& list) {
  std::vector<Mailbox> all;
  for (const Address& address : list) {
    std::ranges::copy(address.mailboxes, std::back_inserter(all));
  }
  return all;
}

std::string encode_local_part(std::string_view text) {
  return is_dot_atom(text) ? std::string(text) : quoted(without_controls(text));
}

std::string Mailbox::addr_spec() const {
  if (local_part.empty() && domain.empty()) {
    return {};
  }
  return encode_local_part(local_part) + "@" + without_controls(domain);
}

std::string encode_mailbox(const Mailbox& mailbox, bool utf8_allowed) {
  if (mailbox.display_name.empty()) {
    return mailbox.addr_spec();
  }
  const std::string name = without_controls(mailbox.display_name);
  std::string out;
  if (!is_ascii(name) && (!utf8_allowed || !is_utf8(name))) {
    out = encode_words(name, 0);
  } else {
    out = is_phrase_of_atoms(name) ? name : quoted(name);
  }
  return out + " <" + mailbox.addr_spec() + ">";
}

}  // namespace postrider::mime
