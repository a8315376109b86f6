#include "transaction.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/kill_point.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/mime/header.hpp>

namespace postrider::delivery {

namespace {

using smtp::ClientStep;

smtp::RcptParameters rcpt_parameters(const store::Recipient& recipient) {
  smtp::RcptParameters out;
  out.notify.never = recipient.notify.never;
  out.notify.success = recipient.notify.success;
  out.notify.failure = recipient.notify.failure;
  out.notify.delay = recipient.notify.delay;
  out.orcpt = recipient.orcpt;
  return out;
}

smtp::Ret ret_parameter(store::Return ret) {
  switch (ret) {
    case store::Return::full:
      return smtp::Ret::full;
    case store::Return::headers:
      return smtp::Ret::headers;
    case store::Return::absent:
      break;
  }
  return smtp::Ret::absent;
}

smtp::ClientTransaction client_transaction(const TransactionOrder& order, bool header_is_utf8) {
  const store::Envelope& envelope = *order.item.envelope;
  smtp::ClientTransaction out;
  out.reverse_path = order.reverse_path.value_or(envelope.reverse_path);
  out.ret = ret_parameter(envelope.ret);
  out.envid = envelope.envid.empty() ? order.envelope_id : envelope.envid;
  out.size_octets = envelope.size_octets;
  out.eight_bit = envelope.eight_bit;
  out.require_tls = envelope.require_tls;
  out.smtputf8 = header_is_utf8;
  for (const std::size_t index : order.recipients) {
    const store::Recipient& recipient = order.item.destination().recipients[index];
    out.recipients.push_back({recipient.address, rcpt_parameters(recipient)});
  }
  return out;
}

bool has_utf8_header(std::string_view octets) {
  const auto end = mime::find_blank_line(octets);
  return !is_ascii(octets.substr(0, end.value_or(octets.size())));
}

// The content of one message, piece by piece: from memory while it is hot, else from the store.
class Content {
 public:
  explicit Content(const TransactionOrder& order)
      : order_(order), pieces_(std::max(1U, order.item.envelope->body_chunks)) {}

  [[nodiscard]] bool is_last() const { return next_ + 1 >= pieces_; }
  [[nodiscard]] bool is_at_start() const { return next_ == 0; }
  // Chunk 0 without consuming it.
  engine::Task<store::StoreResult<SharedOctets>> peek() {
    if (!first_.has_value()) {
      if (order_.item.octets.has_value()) {
        first_ = order_.item.octets;
      } else {
        auto read = co_await order_.queue.read_chunk(order_.item.id.message, 0);
        if (!read) {
          co_return failure(read.error());
        }
        first_ = std::move(*read);
      }
    }
    co_return first_;
  }
  engine::Task<store::StoreResult<SharedOctets>> take() {
    const std::uint32_t chunk = next_++;
    if (chunk == 0) {
      co_return co_await peek();
    }
    first_.reset();
    co_return co_await order_.queue.read_chunk(order_.item.id.message, chunk);
  }

 private:
  const TransactionOrder& order_;
  std::uint32_t pieces_;
  std::uint32_t next_ = 0;
  SharedOctets first_;
};

TransactionResult broken_off(ClientConnection& client, TransactionEnd end,
                             store::StoreError error = {}) {
  TransactionResult out;
  out.end = end;
  out.store_error = error;
  out.maybe_taken = client.session.is_content_sent();
  out.outcomes = client.session.outcomes();
  if (out.end != TransactionEnd::broken) {
    client.session.abandon();
    client.broken = "the content can't be had";
  }
  return out;
}

// A small content rides in one group with MAIL and RCPT: one turn instead of two. Not on a
// connection that was silent for a while: should it turn out to be dead, nobody could tell whether
// the message was taken, while MAIL alone can be said again elsewhere.
constexpr std::size_t at_once_octets_max = 16'384;
constexpr Duration at_once_silence_max = std::chrono::seconds(1);

bool goes_at_once(ClientConnection& client, const store::Envelope& envelope) {
  const Duration silence = client.connection.reactor().now() - client.heard_at;
  return client.session.can_send_at_once() && envelope.body_chunks <= 1 &&
         envelope.size_octets <= at_once_octets_max && silence <= at_once_silence_max;
}

engine::Task<store::StoreResult<void>> wait_for(JournalRide& ride) {
  // The store answers or fails in bounded time; there is nothing to do without its answer.
  const auto woken = co_await ride.written.wait({mono_never, {}});
  if (!woken) {
    co_return failure(store::StoreError::closed);
  }
  co_return ride.result;
}

}  // namespace

engine::Task<TransactionResult> run_transaction(ClientConnection& client, TransactionOrder order,
                                                engine::CancelToken cancel) {
  Content content(order);
  const bool at_once = goes_at_once(client, *order.item.envelope);
  bool header_is_utf8 = false;
  SharedOctets first;
  if (at_once || order.item.envelope->smtputf8) {
    auto peeked = co_await content.peek();
    if (!peeked) {
      co_return broken_off(client, TransactionEnd::unreadable, peeked.error());
    }
    first = std::move(*peeked);
    header_is_utf8 = order.item.envelope->smtputf8 && has_utf8_header(first.view());
  }
  if (at_once) {
    if (const auto written = co_await wait_for(*order.journal); !written) {
      co_return TransactionResult{TransactionEnd::no_journal, written.error(), {}, false};
    }
    kill_point("delivery.before_group");
  }
  ++client.transactions;
  ClientStep step =
      client.session.begin(client_transaction(order, header_is_utf8), client.connection.out(),
                           at_once ? std::optional(first.view()) : std::nullopt);
  step = co_await client.proceed(step, cancel);
  kill_point("delivery.envelope_answered");
  while (step == ClientStep::send_body) {
    const bool last = content.is_last();
    const auto piece = co_await content.take();
    if (!piece) {
      co_return broken_off(client, TransactionEnd::unreadable, piece.error());
    }
    if (last) {
      if (const auto written = co_await wait_for(*order.journal); !written) {
        co_return broken_off(client, TransactionEnd::no_journal, written.error());
      }
      kill_point("delivery.before_final_dot");
    }
    kill_point("delivery.before_piece");
    const Duration patience = client.session.timeout();
    std::string_view bare = piece->view();
    step = client.session.send_body(bare, last, client.connection.out());
    const engine::Until until{client.connection.reactor().now() + patience, cancel};
    if (const auto sent = co_await client.connection.send(bare, until); !sent) {
      client.broken = fmt::format("{} while the message was sent", engine::describe(sent.error()));
      client.was_cancelled = sent.error() == engine::IoError::cancelled;
      co_return broken_off(client, TransactionEnd::broken);
    }
    kill_point("delivery.piece_sent");
    step = co_await client.proceed(step, cancel);
  }
  if (step == ClientStep::closed) {
    kill_point("delivery.connection_broken");
    co_return broken_off(client, TransactionEnd::broken);
  }
  kill_point("delivery.after_final_reply");
  TransactionResult out;
  out.outcomes = client.session.outcomes();
  co_return out;
}

}  // namespace postrider::delivery
