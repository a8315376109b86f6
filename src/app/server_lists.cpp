// What operators are told of the lists in DNS, and what the lists need.
#include "server.hpp"
#include "server_core.hpp"

#include <algorithm>
#include <stdexcept>

#include <postrider/base/json.hpp>

namespace postrider::app {

void Server::load_public_suffixes(const Config& config) {
  if (shared_->suffixes || !wants_public_suffixes(config.inbound)) {
    return;
  }
  shared_->suffixes = policy::PublicSuffixList::load();
  if (!shared_->suffixes) {
    throw std::runtime_error(
        "inbound.domain_list: organizational needs the public suffix list: install publicsuffix");
  }
}

engine::Task<void> Server::count_lists(Core& core) {
  core.lists_counted.clear();
  if (core.entrance) {
    core.lists_counted = core.entrance->lists().counters();
  }
  co_return;
}

// Those of the cores together; faulty is what one of them calls so.
engine::Task<std::string> Server::list_status() {
  co_await on_each_core(&Server::count_lists);
  std::vector<flow::ListCounters> sums;
  for (const auto& core : cores_) {
    for (const flow::ListCounters& counted : core->lists_counted) {
      auto sum = std::ranges::find(sums, counted.zone, &flow::ListCounters::zone);
      if (sum == sums.end()) {
        sum = sums.insert(sums.end(), {.zone = counted.zone});
      }
      sum->asked += counted.asked;
      sum->listed += counted.listed;
      sum->silent += counted.silent;
      sum->faulty += counted.faulty;
      sum->is_faulty = sum->is_faulty || counted.is_faulty;
    }
  }
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const flow::ListCounters& sum : sums) {
    json.begin_object().member("zone", sum.zone);
    json.member("state", sum.is_faulty ? "faulty" : "sound").member("asked", sum.asked);
    json.member("listed", sum.listed).member("silent", sum.silent);
    json.member("faulty", sum.faulty).end_object();
  }
  json.end_array();
  co_return out;
}

}  // namespace postrider::app
