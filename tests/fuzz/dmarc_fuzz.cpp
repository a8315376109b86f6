#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dmarc/evaluator.hpp>

// The input is lines: the author domain, SPF's, a signature's; then the records, in turn.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lines = split(text, '\n');
  if (lines.size() < 4) {
    (void)dmarc::parse_record(text);  // only that it returns
    return 0;
  }
  dmarc::Evaluator evaluator({.author_domain = std::string(lines[0]),
                              .spf_domain = std::string(lines[1]),
                              .dkim_domains = {std::string(lines[2])}});
  dmarc::Action action = evaluator.start();
  std::size_t asked = 0;
  while (std::holds_alternative<dmarc::Question>(action)) {
    check(++asked <= 3 * dmarc::max_walk_queries + 1, "the questions are bounded");
    const std::string_view line = lines[3 + asked % (lines.size() - 3)];
    dmarc::Answer answer{.status = static_cast<dmarc::AnswerStatus>(line.size() % 4)};
    answer.texts.emplace_back(line);
    action = evaluator.on_answer(answer);
  }
  const auto& outcome = std::get<dmarc::Outcome>(action);
  check(outcome.result != dmarc::Result::pass || outcome.spf_aligned || outcome.dkim_aligned,
        "a pass has its reason");
  return 0;
}
