#include <cstdio>
#include <iostream>
#include <string>
#include <variant>

#include <postrider/base/base64.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/spf/evaluator.hpp>

// What suite.py drives, line by line, every text in hexadecimal ("-" if it is empty):
//   in:  check IP HELO MAIL_FROM RECEIVER
//   out: ask TYPE NAME          in: found TEXT... | nothing | failed
//   out: done RESULT EXPLANATION REASON
namespace {

using namespace postrider;

std::string encode(std::string_view text) {
  return text.empty() ? "-" : encode_hex(text);
}

std::string decode(std::string_view text) {
  return text == "-" ? std::string() : decode_hex(text).value_or("");
}

const char* name_of(spf::QuestionType type) {
  switch (type) {
    case spf::QuestionType::txt:
      return "TXT";
    case spf::QuestionType::a:
      return "A";
    case spf::QuestionType::aaaa:
      return "AAAA";
    case spf::QuestionType::mx:
      return "MX";
    case spf::QuestionType::ptr:
      return "PTR";
  }
  return "";
}

spf::Answer read_answer(spf::QuestionType type) {
  std::string line;
  std::getline(std::cin, line);
  const auto words = split(line, ' ');
  spf::Answer answer{.status = words[0] == "found"     ? spf::AnswerStatus::found
                               : words[0] == "nothing" ? spf::AnswerStatus::nothing
                                                       : spf::AnswerStatus::failed};
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string text = decode(words[i]);
    if (type == spf::QuestionType::txt) {
      answer.texts.push_back(text);
    } else if (type == spf::QuestionType::a || type == spf::QuestionType::aaaa) {
      answer.addresses.push_back(IpAddress::parse(text).value_or(IpAddress()));
    } else {
      answer.names.push_back(text);
    }
  }
  return answer;
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto words = split(line, ' ');
    const auto ip = words.size() == 5 ? IpAddress::parse(decode(words[1])) : std::nullopt;
    if (!ip) {
      std::fputs("spf_tool: check IP HELO MAIL_FROM RECEIVER\n", stderr);
      return 2;
    }
    spf::Evaluator evaluator({.ip = *ip,
                              .helo = decode(words[2]),
                              .mail_from = decode(words[3]),
                              .receiver = decode(words[4]),
                              .now = 1'700'000'000});
    auto action = evaluator.start();
    while (const auto* question = std::get_if<spf::Question>(&action)) {
      std::cout << "ask " << name_of(question->type) << " " << encode(question->name) << std::endl;
      action = evaluator.on_answer(read_answer(question->type));
    }
    const auto& outcome = std::get<spf::Outcome>(action);
    std::cout << "done " << spf::name_of(outcome.result) << " " << encode(outcome.explanation)
              << " " << encode(outcome.reason) << std::endl;
  }
  return 0;
}
