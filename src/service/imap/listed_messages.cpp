#include "listed_messages.hpp"

#include "read_ahead.hpp"
#include "replies.hpp"

#include <algorithm>
#include <utility>

namespace postrider::imap {
namespace {

constexpr std::size_t slice = 1000;

}  // namespace

engine::Task<store::MailResult<void>> ListedMessages::load_slice() {
  std::vector<store::Uid> uids;
  loaded_ = std::min(at_ + slice, found_.size());
  for (std::size_t i = at_; i < loaded_; ++i) {
    uids.push_back(found_[i].message.uid);
  }
  auto rows = co_await client_.selected->shared().facts(std::move(uids));
  if (!rows) {
    co_return failure(rows.error());
  }
  messages_ = co_await read_ahead(client_.store(), client_.selected->account(),
                                  client_.selected->id(), *std::move(rows), {.details = true});
  row_ = 0;
  co_return store::MailResult<void>{};
}

engine::Task<bool> ListedMessages::next() {
  while (at_ < found_.size()) {
    if (at_ == loaded_) {
      if (const auto loaded = co_await load_slice(); !loaded) {
        error_ = refusal_of(loaded.error());
        co_return false;
      }
    }
    const store::Uid uid = found_[at_++].message.uid;
    co_await client_.advance(1);
    if (row_ == messages_.size() || messages_[row_].uid() != uid) {
      continue;  // purged
    }
    StoredMessage& stored = messages_[row_++];
    if (auto kept = stored.kept_summary()) {
      summary_ = *std::move(kept);
      co_return true;
    }
    auto made = co_await stored.summary();
    if (made) {
      summary_ = *std::move(made);
      co_return true;
    }
    if (made.error() != store::MailError::not_found) {
      error_ = refusal_of(made.error());
      co_return false;
    }
  }
  co_return false;
}

std::string_view keep(std::pmr::memory_resource& texts, std::string_view text) {
  if (text.empty()) {
    return {};
  }
  auto* const octets = static_cast<char*>(texts.allocate(text.size(), 1));
  std::ranges::copy(text, octets);
  return {octets, text.size()};
}

std::int64_t sent_time(const ListedMessages& messages) {
  return messages.summary().sent.value_or(unix_seconds(messages.facts().internal_date));
}

}  // namespace postrider::imap
