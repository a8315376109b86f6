#include <utility>

#include <postrider/base/record_fields.hpp>
#include <postrider/flow/return_ledger.hpp>

namespace postrider::flow {

namespace {

constexpr std::uint64_t format = 1;
constexpr std::size_t page = 256;

}  // namespace

const std::string* SentMessage::find(const SentTo& to) const {
  if (to.delivery >= recipients.size() || to.recipient >= recipients[to.delivery].size()) {
    return nullptr;
  }
  return &recipients[to.delivery][to.recipient];
}

SentMessage sent_message_of(const store::Envelope& envelope) {
  SentMessage out{envelope.tenant, envelope.reverse_path, {}};
  for (const store::Destination& destination : envelope.destinations) {
    std::vector<std::string>& to = out.recipients.emplace_back();
    for (const store::Recipient& recipient : destination.recipients) {
      to.push_back(recipient.address);
    }
  }
  return out;
}

std::string encode_sent_message(const SentMessage& message) {
  FieldWriter out;
  out.number(format).text(message.tenant).text(message.reverse_path);
  out.number(message.recipients.size());
  for (const auto& delivery : message.recipients) {
    out.number(delivery.size());
    for (const std::string& address : delivery) {
      out.text(address);
    }
  }
  return out.take();
}

std::optional<SentMessage> parse_sent_message(std::string_view octets) {
  FieldReader in(octets);
  if (in.number() != format) {
    return std::nullopt;
  }
  SentMessage out;
  out.tenant = in.text();
  out.reverse_path = in.text();
  out.recipients.resize(in.count());
  for (auto& delivery : out.recipients) {
    const std::size_t count = in.count();
    for (std::size_t i = 0; i < count && in.is_sound(); ++i) {
      delivery.push_back(in.text());
    }
  }
  return in.is_sound() && in.is_at_end() ? std::optional(std::move(out)) : std::nullopt;
}

engine::Task<void> ReturnLedger::note(MessageId id, SentMessage message) {
  std::vector<store::Fact> facts;
  facts.push_back({id.text(), encode_sent_message(message)});
  // (void): what can't be written is lost, as after a crash; the store's own counters say why.
  (void)co_await facts_.save(store::FactKind::sent_message, std::move(facts));
}

engine::Task<std::optional<SentMessage>> ReturnLedger::find(MessageId id) {
  const auto found = co_await facts_.load(store::FactKind::sent_message, id.text());
  co_return found ? parse_sent_message(*found) : std::nullopt;
}

// Names ascend with time: the first that is young ends it.
engine::Task<std::size_t> ReturnLedger::sweep(WallTime now) {
  std::size_t removed = 0;
  for (;;) {
    const auto oldest = co_await facts_.list(store::FactKind::sent_message, {}, page);
    std::vector<std::string> names;
    for (const store::Fact& fact : oldest ? *oldest : std::vector<store::Fact>()) {
      const auto id = MessageId::parse(fact.name);
      if (id && now - id->created() <= return_lifetime) {
        break;
      }
      names.push_back(fact.name);
    }
    if (names.empty()) {
      co_return removed;
    }
    removed += names.size();
    const bool is_last = names.size() < page;
    const auto gone = co_await facts_.remove(store::FactKind::sent_message, std::move(names));
    if (is_last || !gone) {
      co_return removed;
    }
  }
}

}  // namespace postrider::flow
