#include <algorithm>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/limits.hpp>
#include <postrider/codec/mime/multipart.hpp>

namespace postrider::mime {

namespace {

// RFC 2046 5.1.1.
bool is_boundary(std::string_view text) {
  constexpr std::size_t longest = 70;
  constexpr std::string_view symbols = "'()+_,-./:=? ";
  return !text.empty() && text.size() <= longest && text.back() != ' ' &&
         std::ranges::all_of(text, [&](char c) {
           return is_ascii_alpha(c) || is_ascii_digit(c) ||
                  symbols.find(c) != std::string_view::npos;
         });
}

// A line of `text` begins with `delimiter` ("--" and the boundary), whatever follows on it: then it
// might be taken for one (RFC 2046 5.1.1).
bool has_delimiter_line(std::string_view text, std::string_view delimiter) {
  for (std::size_t at = text.find(delimiter); at != std::string_view::npos;
       at = text.find(delimiter, at + 1)) {
    if (at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r') {
      return true;
    }
  }
  return false;
}

struct Delimiter {
  std::size_t begin;  // of the CRLF before it, which belongs to it
  std::size_t end;    // past its own CRLF
  bool closes;
};

// `from`: where a line begins.
std::optional<Delimiter> find_delimiter(std::string_view body, std::string_view delimiter,
                                        std::size_t from) {
  const std::string broken = "\r\n" + std::string(delimiter);
  std::size_t begin = from;
  std::size_t at = from;
  if (!body.substr(from).starts_with(delimiter)) {
    begin = body.find(broken, from);
    at = begin + 2;
  }
  while (begin != std::string_view::npos) {
    const std::size_t line_end = std::min(body.find("\r\n", at), body.size());
    std::string_view rest = body.substr(at, line_end - at).substr(delimiter.size());
    const bool closes = rest.starts_with("--");
    rest.remove_prefix(closes ? 2 : 0);
    // Blanks may follow (transport padding). Other text: a longer boundary, of a part inside.
    if (trim_wsp(rest).empty()) {
      return Delimiter{begin, std::min(line_end + 2, body.size()), closes};
    }
    begin = body.find(broken, at);
    at = begin + 2;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> encode_multipart(const std::vector<Part>& parts,
                                            std::string_view boundary, std::string_view preamble) {
  const std::string delimiter = "--" + std::string(boundary);
  if (!is_boundary(boundary) || has_delimiter_line(preamble, delimiter)) {
    return std::nullopt;
  }
  std::string out(preamble);
  if (!out.empty() && !out.ends_with("\r\n")) {
    out += "\r\n";
  }
  for (const Part& part : parts) {
    if (has_delimiter_line(part.header, delimiter) || has_delimiter_line(part.body, delimiter)) {
      return std::nullopt;
    }
    out += delimiter;
    out += "\r\n";
    out += part.header;
    out += "\r\n";
    out += part.body;
    out += "\r\n";
  }
  out += delimiter;
  out += "--\r\n";
  return out;
}

std::vector<std::string_view> split_multipart(std::string_view body, std::string_view boundary) {
  std::vector<std::string_view> parts;
  if (boundary.empty() || boundary.size() > standard_line_octets) {
    return parts;
  }
  const std::string delimiter = "--" + std::string(boundary);
  auto open = find_delimiter(body, delimiter, 0);
  while (open && !open->closes && parts.size() < max_parts) {
    const auto next = find_delimiter(body, delimiter, open->end);
    const std::size_t end = next ? next->begin : body.size();
    parts.push_back(body.substr(open->end, std::max(end, open->end) - open->end));
    open = next;
  }
  return parts;
}

}  // namespace postrider::mime
