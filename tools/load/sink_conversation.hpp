#pragma once

#include "histogram.hpp"
#include "sink_settings.hpp"
#include "tally.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/smtp/data_framer.hpp>
#include <postrider/codec/smtp/line_framer.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/net/tls_context.hpp>

namespace postrider::tools {

// What the conversations of one sink share.
struct SinkState {
  const SinkSettings& settings;
  const net::TlsContext& tls;
  engine::CancelToken stop;
  Tally tally;
  SinkCounters counters;
  Histogram latency;              // of new deliveries, since the generator was to send them
  engine::CancelSource complete;  // cancelled when `expect` is reached
};

// One connection to a sink: as much of SMTP as senders need, and no more, so that the sink costs
// far less than what is measured. Content is looked through for its id and dropped.
class SinkConversation {
 public:
  SinkConversation(SinkState& state, engine::Reactor& reactor,
                   std::unique_ptr<engine::Stream> stream);
  engine::Task<void> run();

 private:
  enum class Next : std::uint8_t { read, message, start_tls, close };
  enum class Mode : std::uint8_t { command, data, chunk };

  [[nodiscard]] Next step();  // consumes input until something must be waited for
  [[nodiscard]] Next on_command(std::string_view line);
  [[nodiscard]] Next on_bdat(std::string_view argument);
  [[nodiscard]] Next on_data();
  [[nodiscard]] Next on_chunk();
  void on_rcpt(std::string_view line);
  void on_hello(bool extended);
  void take(std::string_view octets);
  void accept();
  void end_transaction();
  void say(std::string_view line) { connection_.out() += line; }

  engine::Task<bool> answer_message();
  engine::Task<bool> start_tls();
  engine::Task<bool> flush();
  [[nodiscard]] engine::Until patience();

  SinkState& state_;
  engine::Reactor& reactor_;
  net::Connection connection_;
  std::string_view input_;
  smtp::LineFramer lines_;
  smtp::DataFramer data_;
  smtp::ChunkFramer chunk_;
  Mode mode_ = Mode::command;
  bool last_chunk_ = false;
  bool has_mail_ = false;
  std::vector<std::string> recipients_;
  LoadIdFinder finder_;
  std::uint64_t octets_ = 0;
};

}  // namespace postrider::tools
