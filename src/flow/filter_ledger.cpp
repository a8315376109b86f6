#include "filter_ledger.hpp"

#include <utility>

namespace postrider::flow {

FilterLedger::FilterLedger(engine::Reactor& reactor, EventSink& events,
                           const std::vector<FilterSettings>& filters)
    : reactor_(reactor), events_(events), filters_(filters), counters_(filters.size()) {}

void FilterLedger::tell(std::string text) {
  Event event;
  event.kind = EventKind::filter;
  event.time = reactor_.wall_now();
  event.text = std::move(text);
  events_.emit(std::move(event));
}

void FilterLedger::note_answer(std::size_t filter) {
  FilterCounters& counters = counters_.at(filter);
  ++counters.messages;
  if (std::exchange(counters.is_down, false)) {
    tell(filters_[filter].name + " answers again");
  }
}

void FilterLedger::note_failure(std::size_t filter, const std::string& why) {
  FilterCounters& counters = counters_.at(filter);
  ++counters.failures;
  counters.last_failure = why;
  if (!std::exchange(counters.is_down, true)) {
    const bool lets_by = filters_[filter].when_down == WhenDown::accept;
    tell(filters_[filter].name + " is down: " + why +
         (lets_by ? ": mail goes by it" : ": mail is put off"));
  }
}

}  // namespace postrider::flow
