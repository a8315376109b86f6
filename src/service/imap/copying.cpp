#include "copying.hpp"

#include "replies.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace postrider::imap {
namespace {

using store::MailError;

// Of one batch of the store, which holds their details (a few KiB each) and the account's lock.
constexpr std::size_t store_slice = 1000;
constexpr std::size_t taken_back_slice = 10'000;
// Kept in memory until they are written.
constexpr std::size_t group_messages = 200;
constexpr std::uint64_t group_octets = 8ULL * 1024 * 1024;
constexpr Duration room_timeout{std::chrono::minutes(1)};

class Copying {
 public:
  Copying(Client& client, CopyOrder order)
      : client_(client), selected_(*client.selected), order_(std::move(order)) {
    out_.uid_validity = order_.target->row.uid_validity;
  }

  engine::Task<CopyOutcome> run() {
    const bool is_stores = order_.target->place.account == selected_.account() &&
                           order_.target->rights.has_all(flag_rights);
    const std::size_t slice = is_stores ? store_slice : group_messages;
    if (order_.uids.size() > slice && !order_.moves) {
      if (auto refusal = co_await refuse_too_many()) {
        co_return CopyOutcome{{}, std::move(refusal)};
      }
    }
    client_.progress.set_goal(order_.uids.size());
    for (std::size_t at = 0; at < order_.uids.size();) {
      const std::size_t end = std::min(at + slice, order_.uids.size());
      std::vector<store::Uid> uids(order_.uids.begin() + static_cast<std::ptrdiff_t>(at),
                                   order_.uids.begin() + static_cast<std::ptrdiff_t>(end));
      const std::size_t count = end - std::exchange(at, end);
      auto done = is_stores ? co_await copy_by_store(std::move(uids))
                            : co_await copy_by_message(std::move(uids));
      if (!done) {
        co_await take_back();
        co_return CopyOutcome{std::move(out_), std::move(done.error())};
      }
      co_await client_.advance(count);
    }
    co_return CopyOutcome{std::move(out_), std::nullopt};
  }

 private:
  using Done = Permitted<void>;

  // How many there may be is known before any is copied; how large they are is not.
  engine::Task<std::optional<Status>> refuse_too_many() {
    const auto usage = co_await client_.store().usage(order_.target->place.account);
    if (!usage) {
      co_return refusal_of(usage.error());
    }
    const bool is_over =
        order_.quota.messages > 0 && usage->messages + order_.uids.size() > order_.quota.messages;
    co_return is_over ? std::optional(refusal_of(MailError::over_quota)) : std::nullopt;
  }

  engine::Task<Done> copy_by_store(std::vector<store::Uid> uids) {
    auto copied =
        co_await client_.store().copy(selected_.account(), selected_.id(), std::move(uids),
                                      order_.target->row.id, order_.moves, order_.quota);
    if (!copied) {
      co_return failure(refusal_of_target(copied.error()));
    }
    out_.modseq = std::max(out_.modseq, copied->modseq);
    out_.uids.insert(out_.uids.end(), copied->uids.begin(), copied->uids.end());
    out_.skipped.insert(out_.skipped.end(), copied->skipped.begin(), copied->skipped.end());
    co_return Done{};
  }

  engine::Task<Done> copy_by_message(std::vector<store::Uid> uids) {
    const auto all = uids;
    std::erase_if(uids,
                  [this](store::Uid uid) { return !selected_.shared().uids()->contains(uid); });
    const auto rows =
        co_await client_.store().facts(selected_.account(), selected_.id(), std::move(uids));
    if (!rows) {
      co_return failure(refusal_of(rows.error()));
    }
    for (const store::Uid uid : all) {
      if (!std::ranges::binary_search(*rows, uid, {}, &store::MailRow::uid)) {
        out_.skipped.push_back(uid);
      }
    }
    for (const store::MailRow& row : *rows) {
      if (auto taken = co_await take(row); !taken) {
        co_return taken;
      }
      if (octets_ >= group_octets) {
        if (auto written = co_await write(); !written) {
          co_return written;
        }
      }
    }
    co_return co_await write();
  }

  // Reads one message.
  engine::Task<Done> take(const store::MailRow& row) {
    const std::uint64_t most = client_.shared.settings.append_octets_max;
    auto permit = co_await client_.shared.append_octets.acquire(
        std::min(row.facts.body_bytes, most),
        {client_.shared.doors.reactor.now() + room_timeout, {}});
    if (!permit) {
      co_return failure(refused("UNAVAILABLE", "Too much is being copied just now: try later"));
    }
    permits_.push_back(*std::move(permit));
    auto detail = co_await client_.store().detail(selected_.account(), selected_.id(), row.uid);
    if (!detail) {
      co_return failure(refusal_of(detail.error()));
    }
    std::string octets;
    octets.reserve(row.facts.body_bytes);
    while (octets.size() < row.facts.body_bytes) {
      const auto piece = co_await client_.store().read_body(row.facts.blob, octets.size());
      if (!piece || piece->view().empty()) {
        co_return failure(refusal_of(piece ? MailError::corrupt : piece.error()));
      }
      octets += piece->view();
    }
    octets_ += octets.size();
    mails_.push_back({.mailbox = order_.target->row.id,
                      .flags = permitted_flags(row.facts.flags, order_.target->rights),
                      .internal_date = row.facts.internal_date,
                      .zone_minutes = row.facts.zone_minutes,
                      .detail = *std::move(detail),
                      .body = co_await client_.store().prepare(SharedOctets(std::move(octets))),
                      .thread = row.facts.thread});
    from_.push_back(row.uid);
    co_return Done{};
  }

  engine::Task<Done> write() {
    if (mails_.empty()) {
      co_return Done{};
    }
    store::MailInsert insert;
    insert.mails = std::exchange(mails_, {});
    insert.quota = order_.quota;
    const auto inserted =
        co_await client_.store().insert(order_.target->place.account, std::move(insert));
    permits_.clear();
    octets_ = 0;
    if (!inserted) {
      co_return failure(refusal_of_target(inserted.error()));
    }
    const auto from = std::exchange(from_, {});
    for (std::size_t i = 0; i < from.size(); ++i) {
      out_.uids.emplace_back(from[i], (*inserted)[i].uid);
    }
    if (!order_.moves) {
      co_return Done{};
    }
    const auto gone = co_await client_.store().expunge(selected_.account(), selected_.id(), from,
                                                       /*deleted_only=*/false);
    if (!gone) {
      co_return failure(refusal_of(gone.error()));
    }
    out_.modseq = std::max(out_.modseq, gone->modseq);
    co_return Done{};
  }

  engine::Task<void> take_back() {
    if (order_.moves || out_.uids.empty()) {
      co_return;
    }
    std::vector<store::Uid> uids;
    for (const auto& [from, to] : std::exchange(out_.uids, {})) {
      uids.push_back(to);
    }
    while (!uids.empty()) {
      const auto rest =
          uids.end() - static_cast<std::ptrdiff_t>(std::min(taken_back_slice, uids.size()));
      // (void): the command fails anyway; copies that stay are the lesser evil.
      (void)co_await client_.store().expunge(order_.target->place.account, order_.target->row.id,
                                             {rest, uids.end()}, /*deleted_only=*/false);
      uids.erase(rest, uids.end());
    }
  }

  Client& client_;
  SelectedMailbox& selected_;
  CopyOrder order_;
  store::Copied out_;
  std::vector<store::NewMail> mails_;
  std::vector<store::Uid> from_;  // of mails_
  std::uint64_t octets_ = 0;
  std::vector<engine::Semaphore::Permit> permits_;
};

}  // namespace

engine::Task<CopyOutcome> copy_messages(Client& client, CopyOrder order) {
  Copying copying(client, std::move(order));
  co_return co_await copying.run();
}

}  // namespace postrider::imap
