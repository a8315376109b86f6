#include <algorithm>
#include <cstring>
#include <experimental/simd>

#include <postrider/codec/mime/line_breaks.hpp>

namespace postrider::mime {

namespace {

namespace simd = std::experimental;

// Walks from one CR or LF to the next. memchr is far faster than a loop by octets: lines are some
// 70 octets long, and a body may be 50 MiB. The next LF is remembered, or else a body of CRs alone
// would be searched for it again at each of them.
class BreakFinder {
 public:
  explicit BreakFinder(std::string_view octets) : octets_(octets) {}
  // Offset of the next CR or LF at or after `from`, which never goes back; the size if there is
  // none.
  std::size_t next(std::size_t from) {
    if (!searched_ || lf_ < from) {
      lf_ = std::min(octets_.find('\n', from), octets_.size());
      searched_ = true;
    }
    return std::min(octets_.substr(0, lf_).find('\r', from), lf_);
  }

 private:
  std::string_view octets_;
  std::size_t lf_ = 0;
  bool searched_ = false;
};

}  // namespace

std::optional<std::size_t> find_bare_line_break(std::string_view octets) {
  BreakFinder finder(octets);
  for (std::size_t at = finder.next(0); at < octets.size(); at = finder.next(at + 2)) {
    if (octets[at] != '\r' || at + 1 == octets.size() || octets[at + 1] != '\n') {
      return at;
    }
  }
  return std::nullopt;
}

void LineBreakNormalizer::update(std::string_view chunk, std::string& out) {
  if (chunk.empty()) {
    return;
  }
  out.reserve(out.size() + chunk.size() + 2);
  std::size_t at = 0;
  if (cr_waits_) {
    cr_waits_ = false;
    out += "\r\n";
    if (chunk[0] == '\n') {
      at = 1;
    } else {
      ++repaired_;
    }
  }
  BreakFinder finder(chunk);
  while (at < chunk.size()) {
    const std::size_t next = finder.next(at);
    out += chunk.substr(at, next - at);
    if (next == chunk.size()) {
      return;
    }
    at = next + 1;
    if (chunk[next] == '\r' && at == chunk.size()) {
      cr_waits_ = true;
      return;
    }
    out += "\r\n";
    if (chunk[next] == '\r' && chunk[at] == '\n') {
      ++at;
    } else {
      ++repaired_;
    }
  }
}

void LineBreakNormalizer::finish(std::string& out) {
  if (cr_waits_) {
    cr_waits_ = false;
    ++repaired_;
    out += "\r\n";
  }
}

// A register at a time: each octet is loaded about once for all that is asked of it, up to the next
// line break.
std::size_t ContentScan::find_break(std::string_view chunk, std::size_t from) {
  using Octets = simd::native_simd<signed char>;
  std::size_t at = from;
  for (; at + Octets::size() <= chunk.size(); at += Octets::size()) {
    const Octets octets(reinterpret_cast<const signed char*>(chunk.data()) + at,
                        simd::element_aligned);
    const auto breaks = octets == '\r' || octets == '\n';
    const auto odd = octets <= 0;  // NUL, and all above 127
    if (any_of(odd)) {
      has_8bit_ = has_8bit_ || any_of(octets < 0);
      has_nul_ = has_nul_ || any_of(octets == 0);
    }
    if (any_of(breaks)) {
      return at + static_cast<std::size_t>(find_first_set(breaks));
    }
  }
  for (; at < chunk.size() && chunk[at] != '\r' && chunk[at] != '\n'; ++at) {
    has_8bit_ = has_8bit_ || static_cast<signed char>(chunk[at]) < 0;
    has_nul_ = has_nul_ || chunk[at] == '\0';
  }
  return at;
}

void ContentScan::update(std::string_view chunk) {
  std::size_t at = 0;
  if (last_was_cr_ && !chunk.empty()) {
    last_was_cr_ = false;
    if (chunk[0] == '\n') {
      at = 1;
    } else {
      note_bare(octets_ - 1);
    }
    line_begin_ = octets_ + at;
  }
  for (at = find_break(chunk, at); at < chunk.size(); at = find_break(chunk, at)) {
    longest_ = std::max(longest_, octets_ + at - line_begin_);
    const std::size_t begin = at++;
    if (chunk[begin] == '\r' && at == chunk.size()) {
      last_was_cr_ = true;
    } else if (chunk[begin] == '\r' && chunk[at] == '\n') {
      ++at;
    } else {
      note_bare(octets_ + begin);
    }
    line_begin_ = octets_ + at;
  }
  octets_ += chunk.size();
}

std::optional<std::uint64_t> ContentScan::bare_line_break() const {
  if (bare_at_ != none) {
    return bare_at_;
  }
  return last_was_cr_ ? std::optional(octets_ - 1) : std::nullopt;
}

std::uint64_t ContentScan::longest_line_octets() const {
  return std::max(longest_, octets_ - line_begin_);
}

}  // namespace postrider::mime
