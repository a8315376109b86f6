#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <postrider/engine/append_file.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/flow/event.hpp>

namespace postrider::flow {

struct EventLogSettings {
  std::string path;  // "-": standard output
  // Events of one core that wait for the disk; past that they are dropped, counted, and the count
  // is written as a line of its own once there is room.
  std::size_t buffer = 65'536;
};

// The event log: a sink a core, one writer. What the cores emit within 20 ms is written together,
// in the order of the events' times.
// Lifetime: longer than every reactor that holds one of its sinks.
class EventLog {
 public:
  EventLog(engine::Cores& cores, CoreId writer_core, EventLogSettings settings);
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  ~EventLog();

  // Shard: the core's own.
  [[nodiscard]] EventSink& sink(CoreId core);

  // The rest is the writer core's.
  // Errors: the file can't be opened: tell the operator.
  [[nodiscard]] engine::IoResult<void> open();
  // Writes until `stop` is cancelled, then what all cores have emitted by then.
  [[nodiscard]] engine::Task<void> run(engine::CancelToken stop);
  // After the operator has renamed the file: the next write goes to a new one.
  void reopen();

  struct Counters {
    std::uint64_t written = 0;
    std::uint64_t dropped = 0;  // no room
    std::uint64_t failed = 0;   // the disk did not take them
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  class Sink;
  struct Batch {
    CoreId core = 0;
    std::uint64_t dropped = 0;
    std::vector<Event> events;
    [[nodiscard]] bool is_empty() const { return events.empty() && dropped == 0; }
  };
  void accept(Batch batch);
  [[nodiscard]] engine::Task<void> collect_rest();
  [[nodiscard]] engine::Task<void> write_pending();
  [[nodiscard]] engine::Task<void> append(std::string lines, std::uint64_t events);
  void acknowledge(CoreId core, std::uint64_t events);

  engine::Cores& cores_;
  CoreId writer_core_;
  EventLogSettings settings_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  std::unique_ptr<engine::AppendFile> file_;
  std::unique_ptr<engine::Event> arrived_;
  std::vector<Batch> pending_;
  bool wants_reopen_ = false;
  bool torn_ = false;  // the last write may have ended inside a line
  Counters counters_;
};

}  // namespace postrider::flow
