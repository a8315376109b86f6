// A message through clamd's INSTREAM.
#include "filter_subject.hpp"

#include <postrider/codec/filter/clamd.hpp>

namespace postrider::flow {
namespace {

constexpr std::size_t piece_octets = 64UL << 10;

class ClamdScan {
 public:
  ClamdScan(std::unique_ptr<engine::Stream> stream, engine::Until until)
      : stream_(std::move(stream)), until_(until) {
    filter::append_clamd_begin(out_);
  }

  engine::Task<void> append(std::string_view octets) {
    while (!octets.empty() && !is_over()) {
      const std::string_view piece = octets.substr(0, piece_octets);
      filter::append_clamd_chunk(piece, out_);
      octets.remove_prefix(piece.size());
      co_await flush();
    }
  }

  engine::Task<FilterFinding> finish() {
    if (!is_over()) {
      filter::append_clamd_end(out_);
      co_await flush();
    }
    if (!failure_.empty()) {
      co_return unavailable(failure_);
    }
    co_return co_await hear();
  }

  [[nodiscard]] bool is_over() const { return !failure_.empty() || is_answered_; }

 private:
  engine::Task<void> flush() {
    const auto sent = co_await stream_->send(out_, until_);
    out_.clear();
    if (!sent) {
      // One that has seen enough (its limit) answers and reads no more.
      is_answered_ = sent.error() == engine::IoError::reset;
      failure_ =
          is_answered_ ? "" : "it takes nothing: " + std::string(engine::describe(sent.error()));
    }
  }

  engine::Task<FilterFinding> hear() {
    std::string octets;
    while (true) {
      const auto received = co_await stream_->receive(until_);
      if (!received) {
        co_return unavailable("it does not answer: " +
                              std::string(engine::describe(received.error())));
      }
      octets += *received;
      if (const auto reply = filter::parse_clamd_reply(octets)) {
        co_return finding_of(*reply);
      }
    }
  }

  static FilterFinding finding_of(const filter::ClamdReply& reply) {
    FilterFinding out;
    switch (reply.verdict) {
      case filter::ClamdVerdict::clean:
        break;
      case filter::ClamdVerdict::found:
        out.answer = FilterAnswer::reject;
        out.text = "virus found: " + reply.text;
        break;
      case filter::ClamdVerdict::too_large:
      case filter::ClamdVerdict::error:
        return unavailable("it says: " + reply.text);
    }
    return out;
  }

  std::unique_ptr<engine::Stream> stream_;
  engine::Until until_;
  std::string out_;
  std::string failure_;       // why nothing more is sent; empty: all is well
  bool is_answered_ = false;  // it has stopped to read, and may have said why
};

}  // namespace

engine::Task<FilterFinding> look_by_clamd(engine::Reactor& reactor, const FilterSettings& settings,
                                          FilterSubject& subject) {
  const engine::Until until{reactor.now() + settings.timeout, {}};
  auto stream = co_await connect_filter(reactor, settings, until);
  if (!stream) {
    co_return unavailable(std::move(stream.error()));
  }
  ClamdScan scan(*std::move(stream), until);
  co_await scan.append(subject.header);
  while (!scan.is_over()) {
    const auto piece = co_await subject.body.next();
    if (!piece) {
      co_return unavailable("the message can't be read: " +
                            std::string(store::describe(piece.error())));
    }
    if (piece->empty()) {
      break;
    }
    co_await scan.append(*piece);
  }
  co_return co_await scan.finish();
}

}  // namespace postrider::flow
