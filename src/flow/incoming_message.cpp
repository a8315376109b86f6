#include "incoming_message.hpp"

#include "header_fixup.hpp"

#include <algorithm>
#include <utility>

#include <postrider/base/kill_point.hpp>
#include <postrider/base/text.hpp>

namespace postrider::flow {
namespace {

// Less than this in one chunk is not worth a write.
constexpr std::size_t smallest_early_chunk = 64UL << 10;
constexpr std::size_t first_growth = 4096;
constexpr std::size_t growth_step = 128UL << 10;
// What the fix-ups and signatures may add to the header of a message in one record.
constexpr std::size_t header_growth = 64UL << 10;
// As much of an announced body gets its room at once, and room for the header before it; its share
// of what is free must be small, since nothing of it may ever come.
constexpr std::size_t anticipated_octets_max = 256UL << 10;
constexpr std::size_t anticipated_header_growth = 4096;
constexpr std::size_t anticipated_share = 16;

}  // namespace

IntakeError intake_error_of(store::StoreError error) {
  const std::string text(store::describe(error));
  switch (error) {
    case store::StoreError::full:
      return {IntakeFailure::no_space, text};
    case store::StoreError::closed:
      return {IntakeFailure::shutting_down, text};
    default:
      return {IntakeFailure::store_failed, text};
  }
}

QueuedMessage::QueuedMessage(IntakeCore& core, Conversation conversation, Transaction transaction)
    : core_(core),
      conversation_(std::move(conversation)),
      transaction_(std::move(transaction)),
      share_(core.budget) {
  kill_point("intake.opened");
}

QueuedMessage::~QueuedMessage() {
  judgement_.reset();
  header_ = {};
  body_ = {};
  release();
}

// Gives back what the buffers do not hold any more.
void QueuedMessage::release() {
  (void)share_.resize(header_.capacity() + body_.capacity());  // shrinking never fails
  core_.memory_freed.pulse();
}

IntakeError QueuedMessage::fail(IntakeFailure kind, std::string text, std::string enhanced) {
  return fail(IntakeError{kind, std::move(text), std::move(enhanced)});
}

IntakeError QueuedMessage::fail(IntakeError error) {
  if (!failure_) {
    kill_point("intake.refused");
    const IntakeFailure kind = error.kind;
    if (kind == IntakeFailure::rejected) {
      learn(false);
    }
    failure_ = std::move(error);
    ++core_.counters.refused;
    core_.counters.shed += kind == IntakeFailure::no_space ? 1 : 0;
    Event event;
    event.kind = EventKind::refused;
    event.time = core_.doors.reactor.wall_now();
    event.tenant = tenant();
    event.from = transaction_.reverse_path;
    event.to = transaction_.recipients.empty() ? "" : transaction_.recipients.front().address;
    event.remote = conversation_.peer.text();
    event.tls = conversation_.tls;
    event.code = failure_->code;
    event.enhanced = failure_->enhanced;
    event.text = failure_->text;
    event.size = octets_;
    core_.doors.events.emit(std::move(event));
    // Nothing of it is needed any more, and its memory is needed elsewhere.
    judgement_.reset();
    std::string().swap(header_);  // an assignment would keep the memory
    std::string().swap(body_);
    staged_.reset();
    release();
  }
  return *failure_;
}

std::string QueuedMessage::tenant() const {
  if (!conversation_.tenant.empty()) {
    return conversation_.tenant;
  }
  const std::string& owner =
      conversation_.account.empty() ? transaction_.reverse_path : conversation_.account;
  const std::size_t at = owner.rfind('@');
  return at == owner.npos ? core_.settings.hostname : to_lower(owner.substr(at + 1));
}

QueuedMessage::Outcome QueuedMessage::check_content() const {
  if (content_.has_nul()) {
    return failure(IntakeError{IntakeFailure::malformed, "the message holds NUL: encode it"});
  }
  if (content_.longest_line_octets() > core_.settings.line_octets_max) {
    return failure(IntakeError{IntakeFailure::line_too_long,
                               "a line is longer than " +
                                   std::to_string(core_.settings.line_octets_max) +
                                   " octets: encode it"});
  }
  return {};
}

engine::Task<Result<void, IntakeError>> QueuedMessage::append(std::string_view octets) {
  if (failure_) {
    co_return failure(*failure_);
  }
  content_.update(octets);
  if (auto fit = check_content(); !fit) {
    co_return failure(fail(fit.error().kind, fit.error().text));
  }
  // RFC 6409 8 lets a submission server repair; a relay is one for its own machines. Inbound mail
  // is somebody else's, and refused at its end. What needs no repair is not copied for it.
  if (!sends() || (!content_.has_bare_line_break() && !normalizer_.is_waiting())) {
    co_return co_await take(octets);
  }
  normalized_.clear();
  normalizer_.update(octets, normalized_);
  co_return co_await take(normalized_);
}

engine::Task<QueuedMessage::Outcome> QueuedMessage::take(std::string_view octets) {
  octets_ += octets.size();
  if (octets_ > core_.settings.message_octets_max) {
    co_return failure(fail(IntakeFailure::too_large,
                           "the message is larger than " +
                               std::to_string(core_.settings.message_octets_max) + " octets"));
  }
  if (!octets.empty()) {
    ends_in_crlf_ = octets.ends_with("\r\n");  // the normalizer never cuts one
  }
  if (header_closed_) {
    co_return co_await take_body(octets);
  }
  co_return co_await take_header(octets);
}

engine::Task<QueuedMessage::Outcome> QueuedMessage::take_header(std::string_view octets) {
  // A blank line may begin up to 3 octets before what is new. What stands behind it in this piece
  // goes on as body at once, so that the header never holds more than it may.
  const std::size_t before = header_.size();
  const std::size_t room =
      core_.settings.header_octets_max + 1 - std::min(before, core_.settings.header_octets_max + 1);
  const std::string_view part = octets.substr(0, room);
  if (auto grown = co_await wait_to_grow(header_, part.size()); !grown) {
    co_return grown;
  }
  header_ += part;
  const auto blank = mime::find_blank_line(header_, before < 3 ? 0 : before - 3);
  if (!blank && header_.size() <= core_.settings.header_octets_max) {
    co_return Outcome{};
  }
  const std::string_view rest = octets.substr(part.size());
  if (auto closed = co_await close_header(); !closed) {
    co_return closed;
  }
  co_return co_await take_body(rest);
}

QueuedMessage::Section QueuedMessage::scan() const {
  mime::HeaderLimits limits;
  limits.max_octets = core_.settings.header_octets_max;
  auto section = mime::scan_header(header_, limits);
  if (section) {
    return std::move(*section);
  }
  const bool long_line = section.error() == mime::HeaderError::line_too_long;
  return failure(
      IntakeError{long_line ? IntakeFailure::line_too_long : IntakeFailure::header_too_large,
                  long_line ? "a line of the header is too long" : "the header is too large"});
}

// The header is complete: judges it, begins to sign, and hands on what already is body.
engine::Task<QueuedMessage::Outcome> QueuedMessage::close_header() {
  std::string rest;
  {
    const Section section = scan();
    if (!section) {
      co_return failure(fail(section.error().kind, section.error().text));
    }
    const std::size_t hops = section->count("Received");
    if (hops > core_.settings.hops_max) {
      co_return failure(fail(IntakeFailure::loop, "the message has been through " +
                                                      std::to_string(hops) + " servers: a loop"));
    }
    hops_ = static_cast<std::uint8_t>(std::min<std::size_t>(hops, 255));
    const auto from = check_from(*section, conversation_, transaction_.smtputf8);
    if (!from) {
      co_return failure(fail(from.error().kind, from.error().text));
    }
    if (const mime::HeaderField* field = section->find("TLS-Required")) {
      tls_not_required_ = equals_ignoring_case(mime::unfold(field->value), "no");
    }
    if (core_.doors.signer != nullptr && sends()) {
      from_domain_ = *from;
      signing_ = core_.doors.signer->begin(*from);
    }
    rest = header_.substr(section->body_offset());
    header_.resize(section->body_offset());
  }
  header_closed_ = true;
  if (conversation_.door == Door::inbound && core_.doors.resolver != nullptr) {
    judgement_ = Judgement::begin(header_, core_.settings);
  }
  kill_point("intake.header_closed");
  make_room_for_body();
  co_return co_await take_body(rest);
}

// A buffer that grows by doubling is copied as often, and its memory comes from the kernel anew.
void QueuedMessage::make_room_for_body() {
  const std::size_t body = std::min<std::uint64_t>(transaction_.announced_octets, body_limit());
  const std::size_t wanted = body + header_.size() + anticipated_header_growth;
  if (body > first_growth && body <= anticipated_octets_max &&
      wanted <= core_.budget.free() / anticipated_share &&
      share_.resize(header_.capacity() + wanted)) {
    body_.reserve(wanted);
  }
}

// Makes room for `more` octets in one of the buffers; false: the budget has none.
bool QueuedMessage::grow(std::string& buffer, std::size_t more) {
  const std::size_t wanted = buffer.size() + more;
  if (wanted <= buffer.capacity() && share_.bytes() > 0) {
    return true;
  }
  const std::size_t step = std::clamp(buffer.capacity(), first_growth, growth_step);
  for (const std::size_t capacity : {std::max(wanted, buffer.capacity() + step), wanted}) {
    const std::uint64_t others = header_.capacity() + body_.capacity() - buffer.capacity();
    if (share_.resize(others + capacity)) {
      buffer.reserve(capacity);
      return true;
    }
  }
  return false;
}

// Others give memory back all the time: their messages end, or go to the store.
engine::Task<QueuedMessage::Outcome> QueuedMessage::wait_to_grow(std::string& buffer,
                                                                 std::size_t more) {
  const MonoTime deadline = core_.doors.reactor.now() + core_.settings.memory_patience;
  while (!grow(buffer, more)) {
    if (core_.doors.reactor.now() >= deadline ||
        !co_await core_.memory_freed.wait({deadline, {}})) {
      co_return failure(fail(IntakeFailure::no_space, "memory for arriving messages is used up"));
    }
  }
  co_return Outcome{};
}

// How much of the body stays in memory: all of it up to what one record holds, while there is room;
// the scarcer memory is the sooner it goes to the store, so that nobody starves beside a few large
// ones.
std::size_t QueuedMessage::body_limit() const {
  const std::size_t most = staged_
                               ? core_.settings.stage_chunk_octets
                               : store::QueueStore::chunk_octets - header_growth - header_.size();
  const auto fair = static_cast<std::size_t>(core_.budget.free() / 8);
  return std::min(most, std::max(fair, smallest_early_chunk));
}

engine::Task<QueuedMessage::Outcome> QueuedMessage::take_body(std::string_view octets) {
  body_octets_ += octets.size();
  if (signing_) {
    signing_->update(octets);
  }
  if (judgement_) {
    judgement_->update(octets);
  }
  while (!octets.empty()) {
    const std::size_t most = body_limit();
    const std::string_view part = octets.substr(0, most - std::min(body_.size(), most));
    if (!part.empty()) {
      if (body_.size() < smallest_early_chunk) {
        if (auto grown = co_await wait_to_grow(body_, part.size()); !grown) {
          co_return grown;
        }
      }
      if (grow(body_, part.size())) {
        body_ += part;
        octets.remove_prefix(part.size());
        if (!staged_ || body_.size() < most) {
          continue;
        }
      }
    }
    if (auto written = co_await stage(); !written) {
      co_return written;
    }
  }
  co_return Outcome{};
}

// What is in memory of the body goes to the store; waits while the store is behind.
engine::Task<QueuedMessage::Outcome> QueuedMessage::stage() {
  if (!staged_) {
    staged_ = core_.doors.queue.stage();
    ++core_.counters.staged;
  }
  checksum_->update(body_);
  kill_point("intake.before_stage");
  const auto written = co_await staged_->append(std::exchange(body_, {}));
  if (!written) {
    const IntakeError error = intake_error_of(written.error());
    co_return failure(fail(error.kind, error.text));
  }
  kill_point("intake.staged");
  body_.shrink_to_fit();
  release();
  co_return Outcome{};
}

}  // namespace postrider::flow
