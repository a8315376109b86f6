// What operators are told of the filters.
#include "server.hpp"
#include "server_core.hpp"

#include <postrider/base/json.hpp>

namespace postrider::app {

engine::Task<void> Server::count_filters(Core& core) {
  core.filters_counted.clear();
  if (core.entrance) {
    core.filters_counted = core.entrance->intake().counters().filters;
  }
  co_return;
}

// Those of the cores together; down is what one of them calls so.
engine::Task<std::string> Server::filter_status() {
  co_await on_each_core(&Server::count_filters);
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (std::size_t i = 0; i < config_.filters.size(); ++i) {
    flow::FilterCounters sum;
    for (const auto& core : cores_) {
      if (i >= core->filters_counted.size()) {
        continue;
      }
      const flow::FilterCounters& of_core = core->filters_counted[i];
      sum.messages += of_core.messages;
      sum.condemned += of_core.condemned;
      sum.failures += of_core.failures;
      sum.passed_over += of_core.passed_over;
      sum.is_down = sum.is_down || of_core.is_down;
      if (!of_core.last_failure.empty()) {
        sum.last_failure = of_core.last_failure;
      }
    }
    json.begin_object().member("name", config_.filters[i].shown_name());
    json.member("kind", flow::name_of(config_.filters[i].kind));
    json.member("state", sum.is_down ? "down" : "up").member("messages", sum.messages);
    json.member("condemned", sum.condemned).member("failures", sum.failures);
    json.member("passed_over", sum.passed_over).member("last_failure", sum.last_failure);
    json.end_object();
  }
  json.end_array();
  co_return out;
}

}  // namespace postrider::app
