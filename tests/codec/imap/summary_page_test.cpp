#include "codec/imap/text_numbers.hpp"
#include "summarized.hpp"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

namespace postrider::imap {
namespace {

std::string text_of(const SummaryPage& page, std::size_t row, SummaryText which) {
  return std::string(page.text(page.rows()[row].text(which)));
}
std::vector<std::string> references_of(const SummaryPage& page, std::size_t row) {
  std::vector<std::string> out;
  for (const SummaryPage::TextNumber text : page.references(row)) {
    out.emplace_back(page.text(text));
  }
  return out;
}

SummaryView second() {
  SummaryView view;
  view.sent = 20;
  view.is_reply = true;
  view.subject = "A";
  view.from = "BOB";
  view.to = "ADA";
  view.cc = "TEAM";
  view.display_from = "BOB B.";
  view.display_to = "ADA";
  view.id = "2@x";
  view.references = {"1@x", "0@x"};
  return view;
}

TEST(SummaryPage, HasWhatItWasMadeOf) {
  SummaryPageMaker maker(7);
  EXPECT_TRUE(maker.is_empty());
  SummaryView first;
  first.subject = "A";
  first.to = "ADA";
  first.id = "1@x";
  using std::chrono::seconds;
  maker.add({.uid = 5, .arrival = WallTime(seconds(11)), .size_bytes = 100}, first);
  maker.add({.uid = 9, .arrival = WallTime(seconds(12)), .size_bytes = 200}, second());
  EXPECT_FALSE(maker.is_empty());
  const SummaryPageRef page = maker.finish();
  ASSERT_EQ(page->rows().size(), 2U);
  EXPECT_EQ(page->rows()[0].uid, 5U);
  EXPECT_EQ(page->rows()[0].sent, 11);  // INTERNALDATE stands for Date (RFC 5256 2.2)
  EXPECT_EQ(page->rows()[0].size_bytes, 100U);
  EXPECT_FALSE(page->rows()[0].is_reply);
  EXPECT_EQ(text_of(*page, 0, SummaryText::from), "");
  EXPECT_EQ(text_of(*page, 0, SummaryText::id), "1@x");
  EXPECT_TRUE(page->references(0).empty());
  EXPECT_EQ(page->rows()[1].uid, 9U);
  EXPECT_EQ(page->rows()[1].sent, 20);
  EXPECT_EQ(page->rows()[1].arrival, 12'000'000'000);
  EXPECT_TRUE(page->rows()[1].is_reply);
  EXPECT_EQ(text_of(*page, 1, SummaryText::subject), "A");
  EXPECT_EQ(text_of(*page, 1, SummaryText::from), "BOB");
  EXPECT_EQ(text_of(*page, 1, SummaryText::to), "ADA");
  EXPECT_EQ(text_of(*page, 1, SummaryText::cc), "TEAM");
  EXPECT_EQ(text_of(*page, 1, SummaryText::display_from), "BOB B.");
  EXPECT_EQ(text_of(*page, 1, SummaryText::display_to), "ADA");
  EXPECT_EQ(references_of(*page, 1), (std::vector<std::string>{"1@x", "0@x"}));
  // What is equal stands there once, whatever field it is of.
  EXPECT_EQ(page->text_count(), 9U);  // "", A, ADA, 1@x, BOB, TEAM, BOB B., 2@x, 0@x
  EXPECT_EQ(page->references(1).front(), page->rows()[0].text(SummaryText::id));
}

TEST(SummaryPage, LeavesOutWhatIsNotWanted) {
  SummaryTextSet wanted;
  wanted.set(static_cast<std::size_t>(SummaryText::subject));
  SummaryPageMaker maker(7, wanted);
  maker.add({.uid = 1}, second());
  const SummaryPageRef page = maker.finish();
  EXPECT_EQ(text_of(*page, 0, SummaryText::subject), "A");
  EXPECT_EQ(text_of(*page, 0, SummaryText::id), "");
  EXPECT_EQ(text_of(*page, 0, SummaryText::from), "");
  EXPECT_TRUE(page->references(0).empty());
  EXPECT_EQ(page->text_count(), 2U);
}

TEST(SummaryPage, TakesRowsOfAnother) {
  SummaryPageMaker maker(7);
  for (std::uint32_t uid = 1; uid <= 600; ++uid) {  // more texts than it began with room for
    SummaryView view = second();
    const std::string id = std::to_string(uid) + "@x";
    view.id = id;
    maker.add({.uid = uid}, view);
  }
  const SummaryPageRef page = maker.finish();
  SummaryPageMaker other(7);
  other.add(*page, 2);
  other.add(*page, 599);
  other.add({.uid = 601}, second());
  const SummaryPageRef taken = other.finish();
  ASSERT_EQ(taken->rows().size(), 3U);
  EXPECT_EQ(taken->rows()[1].uid, 600U);
  EXPECT_EQ(text_of(*taken, 0, SummaryText::id), "3@x");
  EXPECT_EQ(text_of(*taken, 1, SummaryText::id), "600@x");
  EXPECT_EQ(references_of(*taken, 1), (std::vector<std::string>{"1@x", "0@x"}));
  EXPECT_EQ(taken->hash(taken->rows()[1].text(SummaryText::id)),
            page->hash(page->rows()[599].text(SummaryText::id)));
  EXPECT_LT(taken->memory_bytes(), page->memory_bytes());
}

// As nobody can make them who does not know the secret.
struct CollidingMaker : SummaryPageMaker {
  CollidingMaker() : SummaryPageMaker(7) {}
  using SummaryPageMaker::number_of_hashed;
};

TEST(SummaryPage, EqualHashesAreNotEqualTexts) {
  CollidingMaker first;
  const SummaryPage::TextNumber a = first.number_of_hashed("a", 99);
  const SummaryPage::TextNumber b = first.number_of_hashed("b", 99);
  EXPECT_NE(a, b);
  EXPECT_EQ(first.number_of_hashed("a", 99), a);
  CollidingMaker second;
  const SummaryPage::TextNumber other_b = second.number_of_hashed("b", 99);
  const std::vector<SummaryPageRef> pages = {first.finish(), second.finish()};
  TextNumbers numbers(pages, 1);
  EXPECT_EQ(numbers.number_of(0, a), 0U);
  EXPECT_EQ(numbers.number_of(0, b), 1U);
  EXPECT_EQ(numbers.number_of(1, other_b), 1U);
  EXPECT_EQ(numbers.size(), 2U);
}

}  // namespace
}  // namespace postrider::imap
