#include "lexer.hpp"

#include <algorithm>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/mime/limits.hpp>
#include <postrider/codec/mime/message_id.hpp>

namespace postrider::mime {

namespace {

bool skip(Lexer& lexer) {
  const auto outcome = lexer.skip_cfws();
  return outcome == Lexer::Cfws::none || outcome == Lexer::Cfws::some;
}

// Words with dots between them (RFC 5322 4.5.4): obs-id-left, and without quoted strings
// obs-id-right.
std::optional<std::string> take_dotted(Lexer& lexer, bool quotes_allowed) {
  std::string out;
  do {
    if (!skip(lexer)) {
      return std::nullopt;
    }
    if (const auto atom = lexer.take_atom()) {
      out += *atom;
    } else if (const auto quoted = quotes_allowed ? lexer.take_quoted_string() : std::nullopt) {
      out += *quoted;
    } else {
      return std::nullopt;
    }
    if (!skip(lexer)) {
      return std::nullopt;
    }
    out += '.';
  } while (lexer.take('.'));
  out.pop_back();
  return out;
}

// From "<" to ">".
std::optional<std::string> take_message_id(Lexer& lexer) {
  if (!lexer.take('<')) {
    return std::nullopt;
  }
  const auto left = take_dotted(lexer, true);
  if (!left || !lexer.take('@') || !skip(lexer)) {
    return std::nullopt;
  }
  const auto right = lexer.peek() == '[' ? lexer.take_domain_literal() : take_dotted(lexer, false);
  if (!right || !skip(lexer) || !lexer.take('>')) {
    return std::nullopt;
  }
  return encode_local_part(*left) + "@" + *right;
}

}  // namespace

std::optional<std::string> parse_message_id(std::string_view text) {
  Lexer lexer(text);
  if (!is_utf8(text) || !skip(lexer)) {
    return std::nullopt;
  }
  auto id = take_message_id(lexer);
  return id && skip(lexer) && lexer.at_end() ? id : std::nullopt;
}

std::vector<std::string> parse_message_ids(std::string_view text) {
  std::vector<std::string> ids;
  if (!is_utf8(text)) {
    return ids;
  }
  for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at)) {
    // Up to the bracket that closes it, so that each octet is read twice at most.
    const std::size_t close = text.find('>', at);
    if (close == std::string_view::npos) {
      break;
    }
    at = std::max(at, text.substr(0, close).rfind('<'));
    if (auto id = parse_message_id(text.substr(at, close + 1 - at))) {
      ids.push_back(std::move(*id));
    }
    at = close + 1;
  }
  if (ids.size() > max_message_ids) {
    // As a thread is cut when it grows too long: its root, and what is nearest.
    ids.erase(ids.begin() + 1, ids.end() - static_cast<std::ptrdiff_t>(max_message_ids - 1));
  }
  return ids;
}

}  // namespace postrider::mime
