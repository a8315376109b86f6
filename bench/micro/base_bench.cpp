#include <benchmark/benchmark.h>
#include <string>

#include <postrider/base/base64.hpp>
#include <postrider/base/random.hpp>
#include <postrider/base/text.hpp>

namespace postrider {
namespace {

std::string random_octets(std::size_t count) {
  std::string octets(count, '\0');
  SeededRandom(1).fill(std::as_writable_bytes(std::span(octets)));
  return octets;
}

void encode_base64_octets(benchmark::State& state) {
  const std::string octets = random_octets(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(encode_base64(octets));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(encode_base64_octets)->Arg(64)->Arg(64 << 10);

void decode_base64_octets(benchmark::State& state) {
  const std::string text = encode_base64(random_octets(static_cast<std::size_t>(state.range(0))));
  for (auto _ : state) {
    benchmark::DoNotOptimize(decode_base64(text));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(decode_base64_octets)->Arg(64)->Arg(64 << 10);

void is_utf8_of_ascii(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    benchmark::DoNotOptimize(is_utf8(text));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(is_utf8_of_ascii)->Arg(64)->Arg(64 << 10);

}  // namespace
}  // namespace postrider

BENCHMARK_MAIN();
