#include <algorithm>
#include <bit>
#include <limits>

#include <postrider/store/uid_set.hpp>

namespace postrider::store {
namespace {

constexpr std::uint32_t word_bits = 64;

std::uint32_t page_of(Uid uid) {
  return uid / UidSet::page_uids;
}
std::uint32_t word_of(Uid uid) {
  return uid % UidSet::page_uids / word_bits;
}
std::uint64_t bit_of(Uid uid) {
  return std::uint64_t{1} << (uid % word_bits);
}
Uid uid_at(const UidSet::Page& page, std::uint32_t word, std::uint32_t bit) {
  return page.number * UidSet::page_uids + word * word_bits + bit;
}

Uid lowest(const UidSet::Page& page) {
  std::uint32_t word = 0;
  while (page.bits[word] == 0) {
    ++word;
  }
  return uid_at(page, word, static_cast<std::uint32_t>(std::countr_zero(page.bits[word])));
}

Uid highest(const UidSet::Page& page) {
  std::uint32_t word = UidSet::page_uids / word_bits - 1;
  while (page.bits[word] == 0) {
    --word;
  }
  return uid_at(page, word,
                word_bits - 1 - static_cast<std::uint32_t>(std::countl_zero(page.bits[word])));
}

std::uint32_t count_bits(const UidSet::Page& page) {
  std::uint32_t count = 0;
  for (const std::uint64_t word : page.bits) {
    count += static_cast<std::uint32_t>(std::popcount(word));
  }
  return count;
}

}  // namespace

std::vector<UidSet::Page>::const_iterator UidSet::find(std::uint32_t number) const {
  return std::ranges::lower_bound(pages_, number, {}, &Page::number);
}

const UidSet::Page* UidSet::page(std::uint32_t number) const {
  const auto found = find(number);
  return found != pages_.end() && found->number == number ? &*found : nullptr;
}

bool UidSet::insert(Uid uid) {
  const auto at = pages_.begin() + (find(page_of(uid)) - pages_.cbegin());
  if (at == pages_.end() || at->number != page_of(uid)) {
    Page fresh{.number = page_of(uid), .count = 1};
    fresh.bits[word_of(uid)] = bit_of(uid);
    pages_.insert(at, fresh);
    ++size_;
    return true;
  }
  if ((at->bits[word_of(uid)] & bit_of(uid)) != 0) {
    return false;
  }
  at->bits[word_of(uid)] |= bit_of(uid);
  ++at->count;
  ++size_;
  return true;
}

bool UidSet::erase(Uid uid) {
  const auto at = pages_.begin() + (find(page_of(uid)) - pages_.cbegin());
  if (at == pages_.end() || at->number != page_of(uid) ||
      (at->bits[word_of(uid)] & bit_of(uid)) == 0) {
    return false;
  }
  at->bits[word_of(uid)] &= ~bit_of(uid);
  --size_;
  if (--at->count == 0) {
    pages_.erase(at);
  }
  return true;
}

bool UidSet::contains(Uid uid) const {
  const Page* found = page(page_of(uid));
  return found != nullptr && (found->bits[word_of(uid)] & bit_of(uid)) != 0;
}

std::optional<Uid> UidSet::last() const {
  return pages_.empty() ? std::nullopt : std::optional(highest(pages_.back()));
}

std::optional<Uid> UidSet::at_or_after(Uid uid) const {
  auto at = find(page_of(uid));
  if (at != pages_.end() && at->number == page_of(uid)) {
    std::uint64_t rest = at->bits[word_of(uid)] & ~(bit_of(uid) - 1);
    for (std::uint32_t word = word_of(uid);; rest = at->bits[word]) {
      if (rest != 0) {
        return uid_at(*at, word, static_cast<std::uint32_t>(std::countr_zero(rest)));
      }
      if (++word == at->bits.size()) {
        break;
      }
    }
    ++at;
  }
  return at == pages_.end() ? std::nullopt : std::optional(lowest(*at));
}

std::optional<Uid> UidSet::at_or_before(Uid uid) const {
  auto at = find(page_of(uid));
  if (at != pages_.end() && at->number == page_of(uid)) {
    std::uint64_t rest = at->bits[word_of(uid)] & (bit_of(uid) | (bit_of(uid) - 1));
    for (std::uint32_t word = word_of(uid) + 1; word-- > 0;) {
      if (rest != 0) {
        return uid_at(*at, word,
                      word_bits - 1 - static_cast<std::uint32_t>(std::countl_zero(rest)));
      }
      rest = word > 0 ? at->bits[word - 1] : 0;
    }
  }
  return at == pages_.begin() ? std::nullopt : std::optional(highest(*std::prev(at)));
}

std::uint32_t UidSet::count_below(Uid uid) const {
  std::uint32_t count = 0;
  auto at = pages_.begin();
  for (; at != pages_.end() && at->number < page_of(uid); ++at) {
    count += at->count;
  }
  if (at != pages_.end() && at->number == page_of(uid)) {
    for (std::uint32_t word = 0; word < word_of(uid); ++word) {
      count += static_cast<std::uint32_t>(std::popcount(at->bits[word]));
    }
    count += static_cast<std::uint32_t>(std::popcount(at->bits[word_of(uid)] & (bit_of(uid) - 1)));
  }
  return count;
}

std::optional<Uid> UidSet::nth(std::uint32_t index) const {
  if (index >= size_) {
    return std::nullopt;
  }
  auto at = pages_.begin();
  for (; index >= at->count; ++at) {
    index -= at->count;
  }
  std::uint32_t word = 0;
  for (auto inside = static_cast<std::uint32_t>(std::popcount(at->bits[word])); index >= inside;
       inside = static_cast<std::uint32_t>(std::popcount(at->bits[word]))) {
    index -= inside;
    ++word;
  }
  std::uint64_t rest = at->bits[word];
  for (; index > 0; --index) {
    rest &= rest - 1;
  }
  return uid_at(*at, word, static_cast<std::uint32_t>(std::countr_zero(rest)));
}

std::vector<Uid> UidSet::members() const {
  std::vector<Uid> out;
  out.reserve(size_);
  for_each([&out](Uid uid) { out.push_back(uid); });
  return out;
}

std::vector<Uid> UidSet::without(const UidSet& other, std::size_t limit) const {
  std::vector<Uid> out;
  for (const Page& page : pages_) {
    const Page* const there = other.page(page.number);
    for (std::uint32_t word = 0; word < page.bits.size(); ++word) {
      std::uint64_t bits = page.bits[word] & ~(there == nullptr ? 0 : there->bits[word]);
      for (; bits != 0; bits &= bits - 1) {
        if (out.size() == limit) {
          return out;
        }
        out.push_back(uid_at(page, word, static_cast<std::uint32_t>(std::countr_zero(bits))));
      }
    }
  }
  return out;
}

void UidSet::set_page(const Page& page) {
  const auto at = pages_.begin() + (find(page.number) - pages_.cbegin());
  const bool is_there = at != pages_.end() && at->number == page.number;
  size_ -= is_there ? at->count : 0;
  Page kept = page;
  kept.count = count_bits(page);
  size_ += kept.count;
  if (kept.count == 0) {
    if (is_there) {
      pages_.erase(at);
    }
  } else if (is_there) {
    *at = kept;
  } else {
    pages_.insert(at, kept);
  }
}

}  // namespace postrider::store
