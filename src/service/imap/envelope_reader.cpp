#include "envelope_reader.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/summary.hpp>
#include <postrider/flow/rendered_mail.hpp>

namespace postrider::imap {
namespace {

constexpr std::uint32_t slice = 2000;
constexpr std::uint32_t slice_from_end = 250;
constexpr std::uint64_t batch_octets = 512UL * 1024;

std::string_view envelope_in(std::string_view rendered) {
  const auto listing = flow::read_listing(rendered);
  return listing ? read_envelope(listing->summary).value_or("") : std::string_view();
}

}  // namespace

engine::Task<EnvelopeReader::Batch> EnvelopeReader::next() {
  if (at_ == slice_.size()) {
    slice_ = slices_.take(is_from_end_ ? slice_from_end : slice);
    at_ = 0;
    if (slice_.empty()) {
      co_return Batch{.is_last = true};
    }
  }
  store::DetailsWanted wanted{
      .traces = false, .cut = envelope_in, .octets_max = is_from_end_ ? UINT64_MAX : batch_octets};
  wanted.uids.reserve(slice_.size() - at_);
  for (std::size_t i = at_; i < slice_.size(); ++i) {
    wanted.uids.push_back(slice_[i].uid);
  }
  Batch batch;
  const auto details =
      co_await store_.details(selected_.account(), selected_.id(), std::move(wanted));
  if (!details) {
    // By itself each says what is wrong with it.
    for (; at_ < slice_.size(); ++at_) {
      batch.listed.push_back({slice_[at_], {}});
    }
  } else {
    is_something_gone_ |= details->rows.size() != details->looked_for;
    batch.octets = details->octets;
    batch.listed.reserve(details->rows.size());
    const std::size_t end = at_ + details->looked_for;
    for (const store::MailDetails::Row& row : details->rows) {
      while (slice_[at_].uid != row.uid) {
        ++at_;
      }
      batch.listed.push_back({slice_[at_], row.rendered});
    }
    at_ = end;
  }
  if (is_from_end_) {
    std::ranges::reverse(batch.listed);
  }
  co_return batch;
}

}  // namespace postrider::imap
