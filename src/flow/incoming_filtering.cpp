// A message and the filters of its door, one after the other: what each says, and what it changes.
#include "filter_subject.hpp"
#include "header_changes.hpp"
#include "header_fixup.hpp"
#include "incoming_message.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/text.hpp>

namespace postrider::flow {
namespace {

// What a filter puts into an envelope.
bool is_address(std::string_view text) {
  const std::size_t at = text.rfind('@');
  return text.size() <= 320 && at != text.npos && at > 0 && at + 1 < text.size() &&
         std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c != 0x7f; }) &&
         text.find_first_of("<>") == text.npos;
}

std::string with_lower_domain(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return std::string(address.substr(0, at)) + to_lower(address.substr(at));
}

bool is_same_address(std::string_view a, std::string_view b) {
  const std::size_t at = a.rfind('@');
  return at != a.npos && a.substr(0, at + 1) == b.substr(0, std::min(at + 1, b.size())) &&
         equals_ignoring_case(a, b);
}

}  // namespace

bool QueuedMessage::is_filtered() const {
  return std::ranges::any_of(core_.settings.filters, [this](const FilterSettings& settings) {
    return settings.is_at(conversation_.door);
  });
}

engine::Task<QueuedMessage::Outcome> QueuedMessage::filter() {
  id_ = staged_ ? staged_->id() : core_.doors.queue.next_id();
  if (conversation_.door == Door::submission) {
    const Section section = scan();
    if (!section) {
      co_return failure(fail(section.error()));
    }
    FixUp facts;
    facts.hostname = core_.settings.hostname;
    facts.id = id_;
    facts.now = core_.doors.reactor.wall_now();
    if (auto set = set_header(complete_submission(*section, facts)); !set) {
      co_return set;
    }
  }
  if (auto begun = co_await begin_milters(); !begun) {
    co_return begun;
  }
  for (std::size_t i = 0; i < core_.settings.filters.size() && !is_discarded_; ++i) {
    if (core_.settings.filters[i].is_at(conversation_.door)) {
      if (auto passed = co_await filter_by(i); !passed) {
        co_return passed;
      }
    }
  }
  if (conversation_.filters != nullptr) {
    static_cast<MilterSession*>(conversation_.filters)->end();
  }
  co_return co_await sign_anew();
}

// A message of a conversation that milters have not listened to: they hear of it now.
engine::Task<QueuedMessage::Outcome> QueuedMessage::begin_milters() {
  auto* session = static_cast<MilterSession*>(conversation_.filters);  // nobody else makes them
  if (session != nullptr && session->has_begun()) {
    co_return Outcome{};
  }
  own_milters_ = std::make_unique<MilterSession>(core_, conversation_.door);
  conversation_.filters = own_milters_.get();
  std::optional<FilterRefusal> refusal = co_await own_milters_->check_sender(
      conversation_, std::vector<std::string>{"<" + transaction_.reverse_path + ">"});
  for (const store::Recipient& recipient : transaction_.recipients) {
    if (!refusal) {
      refusal = co_await own_milters_->check_recipient(
          std::vector<std::string>{"<" + recipient.address + ">"});
    }
  }
  if (refusal) {
    const auto kind = refusal->code < 500 ? IntakeFailure::deferred : IntakeFailure::rejected;
    co_return failure(fail(
        {kind, "a milter refuses its envelope", refusal->enhanced, refusal->code, refusal->text}));
  }
  co_return Outcome{};
}

ArrivedBody QueuedMessage::arrived_body() const {
  return staged_ ? ArrivedBody(core_.doors.queue, staged_->id(), staged_->chunks(), body_octets_)
                 : ArrivedBody(body_);
}

engine::Task<FilterFinding> QueuedMessage::look(std::size_t number, BodyReplacement& replacement) {
  const FilterSettings& settings = core_.settings.filters[number];
  ArrivedBody body = arrived_body();
  FilterSubject subject{conversation_, transaction_, core_.settings.hostname, id_, header_,
                        body,          replacement};
  switch (settings.kind) {
    case FilterKind::clamav:
      co_return co_await look_by_clamd(core_.doors.reactor, settings, subject);
    case FilterKind::rspamd:
      co_return co_await look_by_rspamd(core_.doors.reactor, settings, subject);
    case FilterKind::milter:
      co_return co_await static_cast<MilterSession*>(conversation_.filters)
          ->client_of(number)
          .message(subject);
  }
  co_return unavailable("it is of an unknown kind");
}

engine::Task<QueuedMessage::Outcome> QueuedMessage::filter_by(std::size_t number) {
  const FilterSettings& settings = core_.settings.filters[number];
  if (settings.octets_max != 0 && header_.size() + body_octets_ > settings.octets_max) {
    core_.filters.note_passed_over(number);
    remark("tag", fmt::format("{}: not looked at: larger than {} octets", settings.name,
                              settings.octets_max));
    co_return Outcome{};
  }
  BodyReplacement replacement(core_.doors.queue, core_.budget,
                              {.octets = core_.settings.message_octets_max,
                               .chunk_octets = core_.settings.stage_chunk_octets,
                               .line_octets = core_.settings.line_octets_max});
  FilterFinding found = co_await look(number, replacement);
  if (found.answer != FilterAnswer::unavailable && found.replaces_body) {
    if (const auto finished = co_await replacement.finish(); !finished) {
      found = unavailable(finished.error());
    }
  }
  if (found.answer != FilterAnswer::unavailable) {
    if (std::string wrong = take_changes(found); !wrong.empty()) {
      found = unavailable(std::move(wrong));
    }
  }
  if (auto obeyed = obey(number, found); !obeyed) {
    co_return obeyed;
  }
  if (found.answer != FilterAnswer::unavailable && found.replaces_body) {
    co_return co_await take_body_of(replacement);
  }
  co_return Outcome{};
}

// What one filter says decides; a later one may make it worse.
QueuedMessage::Outcome QueuedMessage::obey(std::size_t number, const FilterFinding& found) {
  const FilterSettings& settings = core_.settings.filters[number];
  if (failure_) {
    return failure(*failure_);
  }
  if (found.answer == FilterAnswer::unavailable) {
    core_.filters.note_failure(number, found.text);
    const std::string why = settings.name + ": not looked at: " + found.text;
    if (settings.when_down == WhenDown::tempfail) {
      return failure(
          fail(IntakeFailure::deferred, why));  // the operator's business: the log has it
    }
    core_.filters.note_passed_over(number);
    remark("tag", why);
    return {};
  }
  core_.filters.note_answer(number);
  if (found.answer == FilterAnswer::pass) {
    return {};
  }
  core_.filters.note_condemned(number);
  const std::string what = settings.name + ": " + found.text;
  FilterAction action = found.answer == FilterAnswer::spam ? settings.on_spam : settings.on_reject;
  switch (found.answer) {
    case FilterAnswer::defer:
      return refuse_by(settings, found);
    case FilterAnswer::discard:
      is_discarded_ = true;
      remark("discard", what);
      return {};
    case FilterAnswer::quarantine:
      action = FilterAction::quarantine;
      break;
    default:
      break;
  }
  // What our users send leaves, where no folder of ours could take it.
  if (sends() && action == FilterAction::junk) {
    action = found.answer == FilterAnswer::spam ? FilterAction::tag : FilterAction::reject;
  }
  switch (action) {
    case FilterAction::reject:
      return refuse_by(settings, found);
    case FilterAction::quarantine:
      disposition_ = store::Disposition::quarantine;
      remark("quarantine", what);
      break;
    case FilterAction::junk:
      disposition_ = std::max(disposition_, store::Disposition::junk);
      remark("junk", what);
      break;
    case FilterAction::tag:
      remark("tag", what);
      break;
  }
  return {};
}

QueuedMessage::Outcome QueuedMessage::refuse_by(const FilterSettings& settings,
                                                const FilterFinding& found) {
  const bool is_final = found.answer != FilterAnswer::defer;
  IntakeError error{is_final ? IntakeFailure::rejected : IntakeFailure::deferred,
                    settings.name + ": " + found.text};
  error.reply = "Message rejected: " + found.text;
  if (found.refusal && (found.refusal->code >= 500) == is_final) {
    error.code = found.refusal->code;
    error.enhanced = found.refusal->enhanced;
    error.reply = found.refusal->text;
  }
  return failure(fail(std::move(error)));
}

// The header and the envelope; empty: they are taken, or the message has failed.
std::string QueuedMessage::take_changes(const FilterFinding& found) {
  std::vector<store::Recipient> recipients = transaction_.recipients;
  for (const std::string& address : found.removed_recipients) {
    std::erase_if(recipients, [&address](const store::Recipient& recipient) {
      return is_same_address(recipient.address, address);
    });
  }
  for (const std::string& address : found.added_recipients) {
    if (!is_address(address)) {
      return "it adds the recipient " + quoted_for_log(address, 80);
    }
    recipients.push_back({with_lower_domain(address), "", {}, {}});
  }
  if (found.sender && !found.sender->empty() && !is_address(*found.sender)) {
    return "it makes the sender " + quoted_for_log(*found.sender, 80);
  }
  if (!found.changes.empty()) {
    auto changed = apply_changes(header_, found.changes);
    if (!changed) {
      return changed.error();
    }
    mime::HeaderLimits limits;
    limits.max_octets = core_.settings.header_octets_max;
    if (!mime::scan_header(*changed, limits)) {
      return "it makes the header too large";
    }
    if (!set_header(*std::move(changed))) {
      return {};
    }
  }
  transaction_.recipients = std::move(recipients);
  if (found.sender) {
    transaction_.reverse_path = *found.sender;
  }
  if (transaction_.recipients.empty()) {
    is_discarded_ = true;
    remark("discard", "a filter has taken away all recipients");
  }
  return {};
}

QueuedMessage::Outcome QueuedMessage::set_header(std::string header) {
  if (!share_.resize(header.capacity() + body_.capacity())) {
    return failure(fail(IntakeFailure::no_space, "memory for arriving messages is used up"));
  }
  header_ = std::move(header);
  return {};
}

engine::Task<QueuedMessage::Outcome> QueuedMessage::take_body_of(BodyReplacement& replacement) {
  BodyReplacement::Outcome body = replacement.take();
  const bool was_staged = staged_ != nullptr;
  staged_ = std::move(body.staged);
  body_ = std::move(body.body);
  checksum_ = std::move(body.checksum);
  body_octets_ = body.octets;
  has_8bit_ = has_8bit_ || body.has_8bit;
  is_body_replaced_ = true;
  if (staged_) {
    id_ = staged_->id();
  } else if (was_staged) {
    id_ = core_.doors.queue.next_id();  // the old one's chunks are on their way out
  }
  if (!share_.resize(header_.capacity() + body_.capacity())) {
    co_return failure(fail(IntakeFailure::no_space, "memory for arriving messages is used up"));
  }
  co_return Outcome{};
}

// What we sign is what leaves.
engine::Task<QueuedMessage::Outcome> QueuedMessage::sign_anew() {
  // The header may have grown past what stands in one record with the body.
  constexpr std::size_t header_growth = 64UL << 10;
  if (!staged_ && !is_discarded_ &&
      header_.size() + body_.size() + header_growth > store::QueueStore::chunk_octets) {
    if (auto staged = co_await stage(); !staged) {
      co_return staged;
    }
    id_ = staged_->id();
  }
  if (core_.doors.signer == nullptr || !sends() || is_discarded_) {
    co_return Outcome{};
  }
  const Section section = scan();
  if (!section) {
    co_return failure(fail(section.error()));
  }
  const auto from = check_from(*section, conversation_, transaction_.smtputf8);
  if (!from) {
    co_return failure(fail(from.error()));
  }
  if (*from == from_domain_ && !is_body_replaced_) {
    co_return Outcome{};
  }
  signing_ = core_.doors.signer->begin(*from);
  ArrivedBody body = arrived_body();
  while (signing_) {
    const auto piece = co_await body.next();
    if (!piece) {
      co_return failure(fail(intake_error_of(piece.error())));
    }
    if (piece->empty()) {
      break;
    }
    signing_->update(*piece);
  }
  co_return Outcome{};
}

// A filter wants it gone, and its sender none the wiser; the log is.
MessageId QueuedMessage::discard() {
  Event event;
  event.kind = EventKind::deleted;
  event.time = core_.doors.reactor.wall_now();
  event.id = id_;
  event.tenant = tenant();
  event.from = transaction_.reverse_path;
  event.to = transaction_.recipients.empty() ? "" : transaction_.recipients.front().address;
  event.remote = conversation_.peer.text();
  event.tls = conversation_.tls;
  event.size = octets_;
  event.text = remark_;
  core_.doors.events.emit(std::move(event));
  return id_;
}

}  // namespace postrider::flow
