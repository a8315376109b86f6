#include <algorithm>
#include <tuple>
#include <utility>

#include <postrider/base/json.hpp>
#include <postrider/base/kill_point.hpp>
#include <postrider/flow/event_log.hpp>

namespace postrider::flow {

namespace {

constexpr std::size_t write_octets = 256 * 1024;  // encoded before they go to the disk
// Cores hand over what they have at the same moments, so that an event costs neither a wake-up of
// the writer's core nor a write of its own: a write to a file is done by a thread of the kernel.
constexpr Duration window = std::chrono::milliseconds(20);
// How long the writer waits for the other cores' part of a window.
constexpr Duration gather_time = std::chrono::milliseconds(5);

MonoTime end_of_window(MonoTime now) {
  const Duration since = now.time_since_epoch();
  return MonoTime(since - since % window + window);
}

void encode_dropped(std::uint64_t count, WallTime now, std::string& out) {
  JsonWriter json(out);
  json.begin_object();
  json.member("time", std::string_view(encode_rfc3339(now)));
  json.member("event", "events_dropped");
  json.member("count", count);
  json.member("text", "the event log could not keep up: enlarge [log] buffer or use a faster disk");
  json.end_object();
  out += '\n';
}

}  // namespace

class EventLog::Sink final : public EventSink {
 public:
  Sink(EventLog& log, engine::Reactor& reactor) : log_(log), reactor_(reactor), moved_(reactor) {}

  void emit(Event event) override {
    const MonoTime now = reactor_.now();
    if (now >= due_ && current_.is_empty()) {
      begin_window(now);
    }
    Batch& batch = now < due_ ? current_ : next_;  // the timer may be late
    if (emitted_ - written_ >= log_.settings_.buffer) {
      ++batch.dropped;
      return;
    }
    ++emitted_;
    batch.events.push_back(std::move(event));
  }

  engine::Task<void> written() override {
    const std::uint64_t wanted = emitted_;
    if (written_ < wanted) {
      hand_over_rest();
    }
    while (written_ < wanted) {
      moved_.reset();
      (void)co_await moved_.wait({});  // the writer answers for each batch
    }
  }

  // All there is, window or not.
  void hand_over_rest() {
    hand_over();
    hand_over();
  }

  void on_written(std::uint64_t events) {
    written_ += events;
    moved_.set();
  }

 private:
  void begin_window(MonoTime now) {
    if (timer_ == nullptr) {
      timer_ = reactor_.make_timer([this] { hand_over(); });
    }
    due_ = end_of_window(now);
    timer_->arm(due_);
  }

  void hand_over() {
    current_.core = reactor_.core();
    if (!current_.is_empty()) {
      log_.cores_.post(
          reactor_, log_.writer_core_,
          [log = &log_, batch = std::move(current_)]() mutable { log->accept(std::move(batch)); });
    }
    current_ = std::exchange(next_, {});
    if (!current_.is_empty()) {
      begin_window(reactor_.now());
    }
  }

  EventLog& log_;
  engine::Reactor& reactor_;
  std::unique_ptr<engine::Timer> timer_;
  MonoTime due_{};  // when the window of current_ ends
  Batch current_;
  Batch next_;                 // emitted after that
  std::uint64_t emitted_ = 0;  // without those that were dropped
  std::uint64_t written_ = 0;  // of them; or given up, if the disk did not take them
  engine::Event moved_;        // written_ has grown
};

EventLog::EventLog(engine::Cores& cores, CoreId writer_core, EventLogSettings settings)
    : cores_(cores),
      writer_core_(writer_core),
      settings_(std::move(settings)),
      arrived_(std::make_unique<engine::Event>(cores.reactor(writer_core))) {
  for (CoreId core = 0; core < cores_.count(); ++core) {
    sinks_.push_back(std::make_unique<Sink>(*this, cores_.reactor(core)));
  }
}

EventLog::~EventLog() = default;

EventSink& EventLog::sink(CoreId core) {
  return *sinks_.at(core);
}

engine::IoResult<void> EventLog::open() {
  engine::AppendFileOptions options;
  options.path = settings_.path == "-" ? "/dev/stdout" : settings_.path;
  auto file = cores_.reactor(writer_core_).open_append(options);
  if (!file) {
    return failure(file.error());
  }
  file_ = std::move(*file);
  return {};
}

void EventLog::reopen() {
  wants_reopen_ = true;
  arrived_->set();
}

void EventLog::accept(Batch batch) {
  pending_.push_back(std::move(batch));
  arrived_->set();
}

engine::Task<void> EventLog::run(engine::CancelToken stop) {
  while (true) {
    const auto woken = co_await arrived_->wait({mono_never, stop});
    if (woken) {
      (void)co_await cores_.reactor(writer_core_)
          .sleep_for(gather_time, stop);  // either way: write
    }
    arrived_->reset();
    if (wants_reopen_) {
      wants_reopen_ = false;
      // The old file serves on if the new one can't be had: mail's record is worth more than its
      // place.
      if (!open()) {
        ++counters_.failed;
      }
    }
    if (!woken) {
      co_await collect_rest();
    }
    co_await write_pending();
    if (!woken) {
      co_return;
    }
  }
}

engine::Task<void> EventLog::collect_rest() {
  struct Answers {
    Answers(engine::Reactor& reactor, CoreId count) : all(reactor), missing(count) {}
    engine::Event all;
    CoreId missing;
  };
  engine::Reactor& writer = cores_.reactor(writer_core_);
  const auto answers = std::make_shared<Answers>(writer, cores_.count());
  for (CoreId core = 0; core < cores_.count(); ++core) {
    cores_.post(writer, core, [this, core, answers] {
      sinks_[core]->hand_over_rest();
      cores_.post(cores_.reactor(core), writer_core_, [answers] {
        if (--answers->missing == 0) {
          answers->all.set();
        }
      });
    });
  }
  (void)co_await answers->all.wait({});
}

engine::Task<void> EventLog::write_pending() {
  while (!pending_.empty()) {
    const std::vector<Batch> batches = std::exchange(pending_, {});
    // A message is accepted on one core and delivered on another: readers want it in this order.
    std::vector<std::tuple<WallTime, std::size_t, const Event*>> in_order;
    for (const Batch& batch : batches) {
      for (const Event& event : batch.events) {
        in_order.emplace_back(event.time, in_order.size(), &event);
      }
    }
    std::ranges::sort(in_order);
    std::string lines;
    std::uint64_t events = 0;
    for (const auto& [time, place, event] : in_order) {
      encode_event(*event, lines);
      lines += '\n';
      ++events;
      if (lines.size() >= write_octets) {
        co_await append(std::exchange(lines, {}), std::exchange(events, 0));
      }
    }
    for (const Batch& batch : batches) {
      if (batch.dropped > 0) {
        counters_.dropped += batch.dropped;
        encode_dropped(batch.dropped, cores_.reactor(writer_core_).wall_now(), lines);
      }
    }
    co_await append(std::move(lines), events);
    for (const Batch& batch : batches) {
      acknowledge(batch.core, batch.events.size());
    }
  }
}

engine::Task<void> EventLog::append(std::string lines, std::uint64_t events) {
  if (lines.empty()) {
    co_return;
  }
  if (torn_) {
    lines.insert(0, "\n");
  }
  kill_point("events.before_append");
  const bool taken = file_ && (co_await file_->append(lines)).has_value();
  torn_ = !taken;
  kill_point("events.appended");
  (taken ? counters_.written : counters_.failed) += events;
}

void EventLog::acknowledge(CoreId core, std::uint64_t events) {
  Sink* sink = sinks_[core].get();
  cores_.post(cores_.reactor(writer_core_), core, [sink, events] { sink->on_written(events); });
}

}  // namespace postrider::flow
