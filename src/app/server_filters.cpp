// What operators are told of the filters.
#include "server.hpp"
#include "server_core.hpp"

#include <postrider/base/json.hpp>

namespace postrider::app {

engine::Task<void> Server::count_filters(Core& core) {
  core.lessons_counted = core.trainer->counters();
  core.filters_counted.clear();
  if (core.entrance) {
    core.filters_counted = core.entrance->intake().counters().filters;
  }
  co_return;
}

void Server::add_lessons(std::size_t teacher, JsonWriter& json) const {
  flow::JunkTrainer::Counters sum;
  for (const auto& core : cores_) {
    if (teacher < core->lessons_counted.size()) {
      sum.add(core->lessons_counted[teacher]);
    }
  }
  json.key("lessons").begin_object();
  json.member("learnt", sum.learnt).member("failures", sum.failures);
  json.member("passed_over", sum.passed_over).member("last_failure", sum.last_failure);
  json.end_object();
}

engine::Task<std::string> Server::filter_status() {
  co_await on_each_core(&Server::count_filters);
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  std::size_t lesson = 0;  // of those that learn
  for (std::size_t i = 0; i < config_.filters.size(); ++i) {
    const FilterConfig& filter = config_.filters[i];
    flow::FilterCounters sum;
    for (const auto& core : cores_) {
      if (i < core->filters_counted.size()) {
        sum.add(core->filters_counted[i]);
      }
    }
    json.begin_object().member("name", config_.filters[i].shown_name());
    json.member("kind", flow::name_of(config_.filters[i].kind));
    json.member("state", sum.is_down ? "down" : "up").member("messages", sum.messages);
    json.member("condemned", sum.condemned).member("failures", sum.failures);
    json.member("passed_over", sum.passed_over).member("last_failure", sum.last_failure);
    if (filter.learn != SocketAddress{}) {
      add_lessons(lesson++, json);
    }
    json.end_object();
  }
  json.end_array();
  co_return out;
}

}  // namespace postrider::app
