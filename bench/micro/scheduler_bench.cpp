#include "service/delivery/lane_queue.hpp"

#include <benchmark/benchmark.h>
#include <memory>
#include <string>

#include <postrider/base/assert.hpp>

namespace postrider::delivery {
namespace {

ItemRef item_of(std::uint64_t number, std::uint64_t tenants) {
  auto envelope = std::make_shared<store::Envelope>();
  envelope->id = MessageId(number + 1);
  envelope->tenant = "tenant" + std::to_string(number % tenants);
  envelope->reverse_path = "bounce@example.org";
  envelope->destinations = {{"example.net", {{"ben@example.net", {}, {}}}}};
  auto item = std::make_shared<Item>();
  item->id = {envelope->id, 0};
  item->envelope = std::move(envelope);
  return item;
}

// A delivery into the queue of a site and one out of it, with so many waiting of so many tenants:
// the cost must not grow with either.
void push_and_pop(benchmark::State& state) {
  LaneQueue queue;
  const auto waiting = static_cast<std::uint64_t>(state.range(0));
  const auto tenants = static_cast<std::uint64_t>(state.range(1));
  for (std::uint64_t i = 0; i < waiting; ++i) {
    queue.push(item_of(i, tenants));
  }
  for (auto _ : state) {
    auto item = queue.pop();
    queue.push(std::move(item));
  }
  check(queue.size() == waiting, "none is lost");
}
BENCHMARK(push_and_pop)
    ->ArgNames({"waiting", "tenants"})
    ->Args({1, 1})
    ->Args({1'000, 1})
    ->Args({100'000, 1})
    ->Args({100'000, 1'000});

}  // namespace
}  // namespace postrider::delivery

BENCHMARK_MAIN();
