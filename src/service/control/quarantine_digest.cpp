#include "quarantine.hpp"
#include "quarantine_entry.hpp"
#include "told_messages.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <optional>
#include <span>
#include <utility>

#include <postrider/base/base64.hpp>
#include <postrider/base/random.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/report/held_digest.hpp>
#include <postrider/service/control/quarantine_digest.hpp>

namespace postrider::control {

namespace {

constexpr Duration look_every = std::chrono::minutes(1);  // at the settings
constexpr Duration pass_every = std::chrono::hours(1);
constexpr std::size_t page = 256;  // facts read at a time

}  // namespace

QuarantineDigest::QuarantineDigest(Doors doors, DigestSettings settings)
    : doors_(std::move(doors)), settings_(std::move(settings)), gate_(doors_.reactor) {}

void QuarantineDigest::start() {
  if (auto pass = gate_.enter()) {
    doors_.reactor.spawn(run(std::move(pass)));
  }
}

engine::Task<void> QuarantineDigest::stop() {
  return gate_.drain(mono_never);
}

engine::Task<void> QuarantineDigest::run(engine::Gate::Pass pass) {
  const engine::Gate::Pass inside = std::move(pass);
  std::optional<MonoTime> last;
  while (!gate_.is_closed()) {
    const MonoTime now = doors_.reactor.now();
    const Duration gap = std::min(settings_.every, pass_every);
    if (settings_.every > Duration{} && (!last || now - *last >= gap)) {
      last = now;
      (void)co_await sweep();  // each is a message with events of its own
    }
    const Duration wait = settings_.every > Duration{} ? std::min(gap, look_every) : look_every;
    (void)co_await doors_.reactor.sleep_for(wait, gate_.closing());  // or we stop
  }
}

engine::Task<std::uint64_t> QuarantineDigest::sweep() {
  const auto index = co_await index_quarantine(doors_.queue, index_max);
  if (!index) {
    co_return 0;  // the next pass sees it
  }
  std::uint64_t sent = 0;
  for (const auto& [account, messages] : index->held) {
    if (gate_.is_closed()) {
      co_return sent;
    }
    sent += co_await tell(account, messages) ? 1 : 0;
  }
  if (index->is_all) {
    co_await forget(index->held);
  }
  co_return sent;
}

engine::Task<bool> QuarantineDigest::tell(std::string account, std::vector<MessageId> held) {
  const auto kept = co_await doors_.facts.load(store::FactKind::digest, account);
  if (!kept && kept.error() != store::StoreError::not_found) {
    co_return false;  // what was told is not known now
  }
  const WallTime now = doors_.reactor.wall_now();
  const auto told = kept ? ToldMessages::parse(*kept) : std::optional(ToldMessages{});
  if (!told || (kept && now - told->last < settings_.every)) {
    co_return false;
  }
  std::vector<MessageId> fresh;
  std::ranges::copy_if(held, std::back_inserter(fresh),
                       [&told](MessageId id) { return !told->contains(id); });
  if (fresh.empty()) {
    co_return false;
  }
  std::string record = ToldMessages::of(std::move(held), *told, now).encode();
  co_return co_await send(std::move(account), std::move(fresh), std::move(record));
}

engine::Task<bool> QuarantineDigest::send(std::string account, std::vector<MessageId> fresh,
                                          std::string told) {
  report::HeldDigest digest;
  digest.from = settings_.from;
  digest.to = account;
  digest.hostname = settings_.hostname;
  digest.date = doors_.reactor.wall_now();
  digest.url = settings_.url;
  digest.postmaster = settings_.postmaster;
  digest.kept = settings_.max_age;
  for (const MessageId id : fresh) {
    if (digest.mails.size() == listed_max) {
      ++digest.left_out;
      continue;
    }
    const auto envelope = co_await doors_.queue.load_envelope(id);
    if (!envelope) {
      continue;  // it has left since
    }
    const std::string header = (co_await read_header(doors_.queue, id)).value_or("");
    const auto section = mime::scan_header(header).value_or(mime::HeaderSection{});
    const auto reasons = quarantine_reasons(section);
    digest.mails.push_back({.id = id.text(),
                            .sender = (*envelope)->reverse_path,
                            .header_from = shown_field(section, "From"),
                            .subject = shown_field(section, "Subject"),
                            .reason = reasons.empty() ? "" : reasons.front(),
                            .received = (*envelope)->received_at,
                            .size_octets = (*envelope)->size_octets,
                            .may_release = !is_withheld(reasons, settings_.withheld_by)});
  }
  flow::Intake* intake = doors_.intake();
  if (intake == nullptr || digest.mails.empty()) {
    co_return false;
  }
  std::array<std::byte, 9> token{};
  doors_.reactor.random().fill(token);
  const std::string_view octets(reinterpret_cast<const char*>(token.data()), token.size());
  digest.message_id = fmt::format("digest.{}@{}", encode_hex(octets), settings_.hostname);
  const std::string mail = report::encode_held_digest(digest);

  flow::Conversation conversation;
  conversation.door = flow::Door::internal;
  conversation.tenant = account.substr(account.rfind('@') + 1);
  flow::Transaction transaction;  // from the null path: nobody answers it
  transaction.smtputf8 = !is_ascii(mail);
  store::Recipient recipient;
  recipient.address = account;
  recipient.notify.never = true;
  transaction.recipients.push_back(std::move(recipient));
  transaction.facts.push_back({store::FactKind::digest, {std::move(account), std::move(told)}});
  const auto message = intake->open(std::move(conversation), std::move(transaction));
  if (!co_await message->append(mail)) {
    co_return false;  // the next pass tries again
  }
  co_return (co_await message->commit()).has_value();
}

// Of those of whom nothing is held any more.
engine::Task<void> QuarantineDigest::forget(const Held& held) {
  const WallTime now = doors_.reactor.wall_now();
  std::string after;
  for (bool more = true; more;) {
    const auto facts = co_await doors_.facts.list(store::FactKind::digest, after, page);
    if (!facts) {
      co_return;
    }
    more = facts->size() == page;
    std::vector<std::string> gone;
    for (const store::Fact& fact : *facts) {
      after = fact.name;
      const auto told = ToldMessages::parse(fact.value);
      if (!told || (!held.contains(fact.name) && now - told->last >= settings_.every)) {
        gone.push_back(fact.name);
      }
    }
    if (!gone.empty()) {
      // (void): what could not be removed is met again.
      (void)co_await doors_.facts.remove(store::FactKind::digest, std::move(gone));
    }
  }
}

}  // namespace postrider::control
