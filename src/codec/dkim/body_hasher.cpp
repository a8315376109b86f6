#include <algorithm>
#include <cstring>
#include <experimental/simd>

#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/body_hasher.hpp>

namespace postrider::dkim {
namespace {

namespace simd = std::experimental;

// Where the octets stop being their own relaxed form, which is at the first blank that goes away or
// becomes a space; their size if nowhere. The last octet must be no blank. Mostly there is none for
// hundreds of octets, hence the search of a register's width at once.
std::size_t find_blank_to_change(std::string_view octets) {
  using Octets = simd::native_simd<char>;
  const auto changes = [](auto now, auto next) {
    return now == '\t' || (now == ' ' && (next == ' ' || next == '\t' || next == '\r'));
  };
  std::size_t at = 0;
  for (; at + Octets::size() < octets.size(); at += Octets::size()) {
    const Octets now(octets.data() + at, simd::element_aligned);
    const Octets next(octets.data() + at + 1, simd::element_aligned);
    const auto found = changes(now, next);
    if (any_of(found)) {
      return at + static_cast<std::size_t>(find_first_set(found));
    }
  }
  for (; at + 1 < octets.size(); ++at) {
    if (changes(octets[at], octets[at + 1])) {
      return at;
    }
  }
  return octets.size();
}

}  // namespace

void BodyHasher::flush() {
  sha256_.update({buffer_.data(), buffered_});
  buffered_ = 0;
}

void BodyHasher::put(std::string_view octets) {
  const std::uint64_t room = length_ - std::min(length_, octets_);
  octets_ += octets.size();
  octets = octets.substr(0, std::min<std::uint64_t>(room, octets.size()));
  // Words and line ends are short, and a call of the digest for each would cost more than it
  // hashes.
  if (octets.size() > buffer_.size() - buffered_) {
    flush();
    if (octets.size() >= buffer_.size()) {
      sha256_.update(octets);
      return;
    }
  }
  std::memcpy(buffer_.data() + buffered_, octets.data(), octets.size());
  buffered_ += octets.size();
}

void BodyHasher::put_pending() {
  has_text_ = true;
  for (; pending_line_ends_ > 0; --pending_line_ends_) {
    put("\r\n");
  }
  if (pending_blank_) {
    put(" ");
    pending_blank_ = false;
  }
}

void BodyHasher::update(std::string_view chunk) {
  // Before its last octet of text, line ends are followed by text and stand as they are. What comes
  // behind it waits for the next chunk.
  const std::size_t text_end = chunk.find_last_not_of(relaxed_ ? " \t\r\n" : "\r\n") + 1;
  std::size_t at = 0;
  while (at < chunk.size()) {
    const char c = chunk[at];
    if (pending_cr_) {
      pending_cr_ = false;
      if (c == '\n') {
        pending_blank_ = false;
        ++pending_line_ends_;
        ++at;
      } else {
        put_pending();
        put("\r");
      }
    } else if (c == '\r') {
      pending_cr_ = true;
      ++at;
    } else if (relaxed_ && is_wsp(c)) {
      pending_blank_ = true;
      ++at;
    } else {
      put_pending();
      std::string_view run = chunk.substr(at, at < text_end ? text_end - at : 1);
      if (relaxed_) {
        run = run.substr(0, find_blank_to_change(run));
      }
      put(run);
      at += run.size();
    }
  }
}

Sha256Digest BodyHasher::finish() {
  if (pending_cr_) {
    put_pending();
    put("\r");
    pending_cr_ = false;
  }
  // All empty lines at the end are one line end, which is supplied if it lacks. A body of nothing
  // else is empty, which the simple form writes as one line end (RFC 6376 3.4.3, 3.4.4).
  if (has_text_ || !relaxed_) {
    put("\r\n");
  }
  flush();
  return sha256_.finish();
}

}  // namespace postrider::dkim
