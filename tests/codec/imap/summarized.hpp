#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/codec/imap/summary_page.hpp>

namespace postrider::imap {

// A message as a test writes it.
struct Given {
  std::uint32_t number;
  std::int64_t sent;
  std::string id;
  std::vector<std::string_view> references;
  std::string subject;
  bool is_reply = false;
};

inline SummaryView view_of(const Given& given) {
  SummaryView view;
  view.sent = given.sent;
  view.is_reply = given.is_reply;
  view.subject = given.subject;
  view.id = given.id;
  view.references = given.references;
  return view;
}

// In pages of so many.
inline SummarizedMessages summarized(const std::vector<Given>& given, std::size_t page_rows = 3) {
  SummarizedMessages out;
  for (std::size_t begin = 0; begin < given.size(); begin += page_rows) {
    SummaryPageMaker maker(42);
    for (std::size_t i = begin; i < std::min(begin + page_rows, given.size()); ++i) {
      const auto page = static_cast<std::uint32_t>(out.pages.size());
      maker.add({.uid = given[i].number, .arrival = WallTime(Duration(given[i].number))},
                view_of(given[i]));
      out.messages.push_back(
          {.number = given[i].number, .page = page, .row = static_cast<std::uint32_t>(i - begin)});
    }
    out.pages.push_back(maker.finish());
  }
  return out;
}

}  // namespace postrider::imap
