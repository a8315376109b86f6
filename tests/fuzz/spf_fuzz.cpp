#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/spf/evaluator.hpp>
#include <postrider/codec/spf/limits.hpp>

// The input is lines: the sender, then what DNS says, in turn, to each question.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lines = split(text, '\n');
  spf::Evaluator evaluator(
      {.ip = *IpAddress::parse(lines.size() % 2 == 0 ? "192.0.2.1" : "2001:db8::1"),
       .helo = "mail.example.net",
       .mail_from = std::string(lines[0])});
  spf::Action action = evaluator.start();
  std::size_t asked = 0;
  while (const auto* question = std::get_if<spf::Question>(&action)) {
    constexpr std::size_t bound =
        2 + spf::max_lookup_terms * (1 + spf::max_mx_hosts) + 1 + spf::max_ptr_names + 1;
    check(++asked <= bound, "the questions are bounded");
    check(!question->name.empty() && question->name.size() <= spf::domain_octets_max, "a name");
    const std::string_view line = lines.size() > 1 ? lines[1 + asked % (lines.size() - 1)] : "";
    spf::Answer answer{.status = static_cast<spf::AnswerStatus>(line.size() % 3)};
    if (answer.status == spf::AnswerStatus::found) {
      answer.texts.emplace_back(line);
      answer.names.assign(line.size() % 13, std::string(line));
      answer.addresses.push_back(*IpAddress::parse("192.0.2.1"));
    }
    action = evaluator.on_answer(answer);
  }
  const auto& outcome = std::get<spf::Outcome>(action);
  check(is_ascii(outcome.explanation), "an explanation can stand in a reply");
  return 0;
}
