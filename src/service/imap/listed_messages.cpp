#include "listed_messages.hpp"

#include "read_ahead.hpp"
#include "replies.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/mime/date.hpp>

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
  auto rows = co_await client_.store().facts(client_.selected->account(), client_.selected->id(),
                                             std::move(uids));
  if (!rows) {
    co_return failure(rows.error());
  }
  messages_ = co_await read_ahead(client_.store(), client_.selected->account(),
                                  client_.selected->id(), *std::move(rows), {.details = true});
  row_ = 0;
  co_return store::MailResult<void>{};
}

engine::Task<store::MailResult<void>> ListedMessages::load_header() {
  StoredMessage& stored = messages_[row_];
  const auto listing = co_await stored.listing();
  if (!listing) {
    co_return failure(listing.error());
  }
  if ((*listing)->is_listed_cut) {
    auto header = co_await stored.header();
    if (!header) {
      co_return failure(header.error());
    }
    header_ = *std::move(header);
  } else {
    header_ = (*listing)->listed + "\r\n";
  }
  section_.reset();
  if (auto section = mime::scan_header(header_)) {
    section_ = *std::move(section);
  }
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
    const auto loaded = co_await load_header();
    ++row_;
    if (loaded) {
      co_return true;
    }
    if (loaded.error() != store::MailError::not_found) {
      error_ = refusal_of(loaded.error());
      co_return false;
    }
  }
  co_return false;
}

std::string ListedMessages::field(std::string_view name) const {
  const mime::HeaderField* field = section_ ? section_->find(name) : nullptr;
  return field == nullptr ? std::string() : mime::unfold(field->value);
}

std::int64_t sent_time(const ListedMessages& messages) {
  const auto date = mime::parse_date(messages.field("Date"));
  return unix_seconds(date ? date->time : messages.facts().internal_date);
}

}  // namespace postrider::imap
