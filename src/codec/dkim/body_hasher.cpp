#include <algorithm>
#include <cstring>

#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/body_hasher.hpp>

namespace postrider::dkim {

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
  const auto is_special = [this](char c) { return c == '\r' || (relaxed_ && is_wsp(c)); };
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
    } else if (is_special(c)) {
      pending_blank_ = true;
      ++at;
    } else {
      put_pending();
      std::size_t end = at + 1;
      while (end < chunk.size() && !is_special(chunk[end])) {
        ++end;
      }
      put(chunk.substr(at, end - at));
      at = end;
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
