// SORT (RFC 5256 3, RFC 5957 3, RFC 6203 6).
#include "codec/imap/stable_sort.hpp"
#include "codec/imap/text_sort.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/codec/imap/message_order.hpp>

namespace postrider::imap {
namespace {

using Key = SortCriterion::Key;

TEST(StableSort, LeavesWhatIsEqualInItsOrder) {
  SeededRandom random(3);
  for (const std::uint64_t below :
       {std::uint64_t{1}, std::uint64_t{3}, std::uint64_t{70'000}, std::uint64_t{1} << 62}) {
    std::vector<KeyedPlace> places;
    for (std::uint32_t i = 0; i < 1000; ++i) {
      const auto number = static_cast<std::int64_t>(random.below(below)) - 1;
      places.push_back({ascending_key(number), i});
    }
    std::vector<KeyedPlace> expected = places;
    std::ranges::sort(expected, {}, [](const KeyedPlace& one) {
      return std::pair(static_cast<std::int64_t>(one.key ^ (std::uint64_t{1} << 63)), one.place);
    });
    sort_stably(places);
    for (std::size_t i = 0; i < places.size(); ++i) {
      ASSERT_EQ(places[i].place, expected[i].place) << below;
    }
  }
  std::vector<KeyedPlace> none;
  sort_stably(none);
  EXPECT_TRUE(none.empty());
}

TEST(TextSort, RanksAsOctetsCompare) {
  using namespace std::string_view_literals;
  const std::vector<std::string_view> texts = {"b",
                                               "",
                                               "a\0"sv,
                                               "a",
                                               "a\0\0"sv,
                                               "b",
                                               "\xff",
                                               "0123456789abcdef",
                                               "0123456789abcde",
                                               "0123456789abcdef\0"sv,
                                               "0123456789abcdefg",
                                               "0123456789abcdef",
                                               ""};
  EXPECT_EQ(rank_texts(texts),
            (std::vector<std::uint32_t>{10, 0, 8, 7, 9, 10, 12, 3, 2, 5, 6, 3, 0}));
  EXPECT_TRUE(rank_texts({}).empty());
}

TEST(TextSort, AgreesWithComparisons) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SeededRandom random(seed);
    std::vector<std::string> kept;
    for (std::uint64_t i = random.below(60); i > 0; --i) {
      std::string text(random.below(4) * 15, 'x');
      for (std::uint64_t n = random.below(20); n > 0; --n) {
        text += static_cast<char>(random.below(2) == 0 ? 0 : 200);
      }
      kept.push_back(text);
    }
    const std::vector<std::string_view> texts(kept.begin(), kept.end());
    const std::vector<std::uint32_t> ranks = rank_texts(texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto before =
          std::ranges::count_if(texts, [&](std::string_view other) { return other < texts[i]; });
      ASSERT_EQ(ranks[i], before) << "seed " << seed;
    }
  }
}

// A mailbox of one long subject, which an attacker can fill: each octet is looked at once.
TEST(TextSort, LongTextsThatAreTheSameCostTheirLength) {
  const std::string same(100'000, 's');
  std::vector<std::string> kept(1000, same);
  kept.back().back() = 'a';
  const std::vector<std::string_view> texts(kept.begin(), kept.end());
  const std::vector<std::uint32_t> ranks = rank_texts(texts);
  EXPECT_EQ(ranks.back(), 0U);
  EXPECT_EQ(ranks.front(), 1U);
}

// All that a message is sorted by, in few values.
struct Sorted {
  std::string subject, from, to, cc, display_from, display_to;
  std::int64_t sent = 0;
  std::int64_t arrival = 0;
  std::uint64_t size = 0;
  std::uint8_t relevance = 0;
};

int compare(const Sorted& a, const Sorted& b, Key key) {
  const auto sign = [](auto x, auto y) { return x < y ? -1 : (y < x ? 1 : 0); };
  switch (key) {
    case Key::arrival:
      return sign(a.arrival, b.arrival);
    case Key::cc:
      return sign(a.cc, b.cc);
    case Key::date:
      return sign(a.sent, b.sent);
    case Key::from:
      return sign(a.from, b.from);
    case Key::size:
      return sign(a.size, b.size);
    case Key::subject:
      return sign(a.subject, b.subject);
    case Key::to:
      return sign(a.to, b.to);
    case Key::display_from:
      return sign(a.display_from, b.display_from);
    case Key::display_to:
      return sign(a.display_to, b.display_to);
    case Key::relevancy:
      return sign(b.relevance, a.relevance);
  }
  return 0;
}

std::vector<Sorted> random_messages(SeededRandom& random) {
  std::vector<Sorted> out(random.below(40));
  for (Sorted& one : out) {
    for (std::string* text :
         {&one.subject, &one.from, &one.to, &one.cc, &one.display_from, &one.display_to}) {
      *text = std::string(random.below(3) * 9, 'q') + std::string(random.below(3), 'r');
    }
    one.sent = static_cast<std::int64_t>(random.below(4)) - 2;
    one.arrival = static_cast<std::int64_t>(random.below(4)) - 2;
    one.size = random.below(3);
    one.relevance = static_cast<std::uint8_t>(1 + random.below(3));
  }
  return out;
}

SummarizedMessages summarized(const std::vector<Sorted>& given, std::size_t page_rows) {
  SummarizedMessages out;
  for (std::size_t begin = 0; begin < given.size(); begin += page_rows) {
    SummaryPageMaker maker(42);
    for (std::size_t i = begin; i < std::min(begin + page_rows, given.size()); ++i) {
      SummaryView view;
      view.sent = given[i].sent;
      view.subject = given[i].subject;
      view.from = given[i].from;
      view.to = given[i].to;
      view.cc = given[i].cc;
      view.display_from = given[i].display_from;
      view.display_to = given[i].display_to;
      const auto number = static_cast<std::uint32_t>(i + 1);
      maker.add({number, WallTime(Duration(given[i].arrival)), given[i].size}, view);
      out.messages.push_back({.number = number,
                              .page = static_cast<std::uint32_t>(out.pages.size()),
                              .row = static_cast<std::uint32_t>(i - begin),
                              .relevance = given[i].relevance});
    }
    out.pages.push_back(maker.finish());
  }
  return out;
}

TEST(MessageOrder, AgreesWithComparisons) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    SeededRandom random(seed);
    const std::vector<Sorted> given = random_messages(random);
    std::vector<SortCriterion> criteria(1 + random.below(4));
    for (SortCriterion& one : criteria) {
      one = {static_cast<Key>(random.below(10)), random.below(2) == 0};
    }
    std::vector<std::uint32_t> expected;
    for (std::uint32_t i = 0; i < given.size(); ++i) {
      expected.push_back(i);
    }
    std::ranges::sort(expected, [&](std::uint32_t a, std::uint32_t b) {
      for (const SortCriterion& one : criteria) {
        const int order = compare(given[a], given[b], one.key);
        if (order != 0) {
          return one.reverse ? order > 0 : order < 0;
        }
      }
      return a < b;
    });
    EXPECT_EQ(sort_messages(summarized(given, 1 + random.below(15)), criteria), expected)
        << "seed " << seed;
  }
}

TEST(MessageOrder, SaysWhichTextsItNeeds) {
  using enum SortCriterion::Key;
  EXPECT_TRUE(texts_of(std::vector<SortCriterion>{{date}, {arrival}, {size}, {relevancy}}).none());
  const SummaryTextSet texts =
      texts_of(std::vector<SortCriterion>{{subject}, {date}, {display_to}});
  EXPECT_EQ(texts.count(), 2U);
  EXPECT_TRUE(texts.test(static_cast<std::size_t>(SummaryText::subject)));
  EXPECT_TRUE(texts.test(static_cast<std::size_t>(SummaryText::display_to)));
}

}  // namespace
}  // namespace postrider::imap
