#include <algorithm>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/list_pattern.hpp>
#include <postrider/codec/imap/mailbox_name.hpp>

namespace postrider::imap {
namespace {

constexpr std::string_view inbox = "INBOX";

void set_bit(std::vector<std::uint64_t>& words, std::size_t bit) {
  words[bit / 64] |= 1ULL << (bit % 64);
}

// Neighbouring wildcards are one: "*" if any of them is.
std::string squeezed(std::string_view pattern) {
  std::string out;
  for (const char c : pattern) {
    const bool wild = c == '*' || c == '%';
    if (wild && !out.empty() && (out.back() == '*' || out.back() == '%')) {
      out.back() = out.back() == '*' ? '*' : c;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

ListPattern::ListPattern(std::string_view pattern) {
  const std::string text = squeezed(pattern);
  end_ = text.size();
  words_ = end_ / 64 + 1;
  any_.resize(words_);
  level_.resize(words_);
  masks_.emplace_back(words_);  // of octets that stand nowhere in the pattern
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '*' || text[at] == '%') {
      set_bit(text[at] == '*' ? any_ : level_, at);
      continue;
    }
    std::uint16_t& slot = slot_[static_cast<unsigned char>(text[at])];
    if (slot == 0) {
      slot = static_cast<std::uint16_t>(masks_.size());
      masks_.emplace_back(words_);
    }
    set_bit(masks_[slot], at);
  }
}

bool ListPattern::matches(std::string_view name) const {
  Words now(words_);
  // A wildcard may stand for nothing: who is at one is past it too. No two are neighbours.
  const auto pass_wildcards = [this, &now] {
    std::uint64_t carry = 0;
    for (std::size_t w = 0; w < words_; ++w) {
      const std::uint64_t at_wildcard = now[w] & (any_[w] | level_[w]);
      now[w] |= (at_wildcard << 1) | carry;
      carry = at_wildcard >> 63;
    }
  };
  const bool is_inbox = starts_with_ignoring_case(name, inbox) &&
                        (name.size() == inbox.size() || name[inbox.size()] == hierarchy_separator);
  now[0] = 1;
  pass_wildcards();
  for (std::size_t at = 0; at < name.size(); ++at) {
    const char c = name[at];
    const Words& exact = masks_[slot_[static_cast<unsigned char>(c)]];
    const bool folds = is_inbox && at < inbox.size();
    const char upper = inbox[std::min(at, inbox.size() - 1)];
    const Words& one = folds ? masks_[slot_[static_cast<unsigned char>(upper)]] : exact;
    const Words& other =
        folds ? masks_[slot_[static_cast<unsigned char>(ascii_lower(upper))]] : exact;
    std::uint64_t carry = 0;
    std::uint64_t alive = 0;
    for (std::size_t w = 0; w < words_; ++w) {
      const std::uint64_t stay = now[w] & (any_[w] | (c == hierarchy_separator ? 0 : level_[w]));
      const std::uint64_t step = now[w] & (one[w] | other[w]);
      now[w] = stay | (step << 1) | carry;
      carry = step >> 63;
      alive |= now[w];
    }
    if (alive == 0) {
      return false;
    }
    pass_wildcards();
  }
  return (now[end_ / 64] >> (end_ % 64) & 1) != 0;
}

std::string join_reference(std::string_view reference, std::string_view pattern) {
  if (pattern.starts_with(hierarchy_separator)) {
    return std::string(pattern.substr(1));
  }
  return std::string(reference).append(pattern);
}

}  // namespace postrider::imap
