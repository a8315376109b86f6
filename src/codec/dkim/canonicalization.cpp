#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/canonicalization.hpp>

namespace postrider::dkim {

namespace {

// RFC 6376 3.4.2.
std::string relaxed(std::string_view raw) {
  const std::size_t colon = raw.find(':');
  std::string out = to_lower(trim_wsp(raw.substr(0, colon)));
  out += ':';
  if (colon == std::string_view::npos) {
    return out + "\r\n";
  }
  bool blank = false;
  const std::size_t value_begin = out.size();
  for (std::size_t at = colon + 1; at < raw.size(); ++at) {
    if (is_wsp(raw[at])) {
      blank = true;
    } else if (raw.substr(at, 2) == "\r\n") {
      ++at;  // unfolding: the blank that follows counts
    } else {
      if (blank && out.size() > value_begin) {
        out += ' ';
      }
      blank = false;
      out += raw[at];
    }
  }
  return out + "\r\n";
}

}  // namespace

std::string canonicalize_field(std::string_view raw, Canonicalization canonicalization) {
  if (canonicalization == Canonicalization::relaxed) {
    return relaxed(raw);
  }
  std::string out(raw);
  if (!out.ends_with("\r\n")) {
    out += "\r\n";
  }
  return out;
}

}  // namespace postrider::dkim
