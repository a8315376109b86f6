#include <utility>

#include <postrider/codec/filter/clamd.hpp>
#include <postrider/flow/content_scan.hpp>

namespace postrider::flow {
namespace {

constexpr std::size_t piece_octets = 64UL << 10;

}  // namespace

ContentScan::ContentScan(engine::Reactor& reactor, const ScannerSettings& settings)
    : reactor_(reactor), settings_(settings) {}

ContentScan::~ContentScan() = default;

engine::Until ContentScan::soon() const {
  return {reactor_.now() + settings_.timeout, {}};
}

engine::Task<void> ContentScan::append(std::string_view octets) {
  while (failure_.empty() && !is_answered_ && !octets.empty()) {
    const std::string_view part = octets.substr(0, piece_octets - pending_.size());
    pending_ += part;
    octets.remove_prefix(part.size());
    if (pending_.size() == piece_octets) {
      co_await send();
    }
  }
}

engine::Task<void> ContentScan::connect() {
  auto stream = settings_.unix_path.empty()
                    ? co_await reactor_.connect({.to = settings_.address, .source = {}}, soon())
                    : co_await reactor_.connect_unix(settings_.unix_path, soon());
  if (!stream) {
    failure_ = "the scanner can't be reached: " + std::string(engine::describe(stream.error()));
    co_return;
  }
  stream_ = std::move(*stream);
}

engine::Task<void> ContentScan::send() {
  std::string out;
  if (!stream_) {
    co_await connect();
    if (!failure_.empty()) {
      co_return;
    }
    filter::append_clamd_begin(out);
  }
  if (!pending_.empty()) {
    filter::append_clamd_chunk(pending_, out);
    pending_.clear();
  }
  if (const auto sent = co_await stream_->send(out, soon()); !sent) {
    // One that has seen enough (its limit) answers and reads no more.
    is_answered_ = sent.error() == engine::IoError::reset;
    failure_ = is_answered_
                   ? ""
                   : "the scanner takes nothing: " + std::string(engine::describe(sent.error()));
  }
}

engine::Task<ScanResult> ContentScan::finish() {
  if (failure_.empty() && !is_answered_) {
    co_await send();
  }
  if (failure_.empty() && !is_answered_) {
    std::string end;
    filter::append_clamd_end(end);
    (void)co_await stream_->send(end, soon());  // what went wrong shows in the answer
  }
  if (!failure_.empty()) {
    co_return ScanResult{ScanVerdict::unavailable, std::exchange(failure_, {})};
  }
  co_return co_await hear();
}

engine::Task<ScanResult> ContentScan::hear() {
  const engine::Until until = soon();
  std::string octets;
  while (true) {
    const auto received = co_await stream_->receive(until);
    if (!received) {
      co_return ScanResult{
          ScanVerdict::unavailable,
          "the scanner does not answer: " + std::string(engine::describe(received.error()))};
    }
    octets += *received;
    const auto reply = filter::parse_clamd_reply(octets);
    if (!reply) {
      continue;
    }
    switch (reply->verdict) {
      case filter::ClamdVerdict::clean:
        co_return ScanResult{ScanVerdict::clean, {}};
      case filter::ClamdVerdict::found:
        co_return ScanResult{ScanVerdict::found, reply->text};
      case filter::ClamdVerdict::too_large:
      case filter::ClamdVerdict::error:
        co_return ScanResult{ScanVerdict::unavailable, "the scanner says: " + reply->text};
    }
  }
}

}  // namespace postrider::flow
