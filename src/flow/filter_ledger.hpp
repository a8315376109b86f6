#pragma once

#include <string>
#include <vector>

#include <postrider/engine/reactor.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/flow/filter.hpp>

namespace postrider::flow {

// What the filters of one core have done, and which are down: an event says when one goes down and
// when it answers again.
class FilterLedger {
 public:
  // All of it outlives this.
  FilterLedger(engine::Reactor& reactor, EventSink& events,
               const std::vector<FilterSettings>& filters);

  // By the number in the settings.
  void note_answer(std::size_t filter);
  void note_condemned(std::size_t filter) { ++counters_.at(filter).condemned; }
  void note_passed_over(std::size_t filter) { ++counters_.at(filter).passed_over; }
  void note_failure(std::size_t filter, const std::string& why);
  [[nodiscard]] const std::vector<FilterCounters>& counters() const { return counters_; }

 private:
  void tell(std::string text);
  engine::Reactor& reactor_;
  EventSink& events_;
  const std::vector<FilterSettings>& filters_;
  std::vector<FilterCounters> counters_;
};

}  // namespace postrider::flow
