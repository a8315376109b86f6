#include <gtest/gtest.h>
#include <map>

#include <postrider/base/text.hpp>
#include <postrider/codec/spf/evaluator.hpp>
#include <postrider/codec/spf/limits.hpp>

namespace postrider::spf {
namespace {

// cases.yml and the RFC's test suite check the results; here is what they can't see.
struct Dns {
  std::map<std::string, std::string> texts;  // by name
  std::vector<Question> asked;

  Outcome run(Request request) {
    Evaluator evaluator(std::move(request));
    Action action = evaluator.start();
    while (const auto* question = std::get_if<Question>(&action)) {
      asked.push_back(*question);
      const auto it = texts.find(question->name);
      Answer answer{.status = AnswerStatus::nothing};
      if (question->type == QuestionType::txt && it != texts.end()) {
        answer = {.status = AnswerStatus::found, .texts = {it->second}};
      } else if (question->type == QuestionType::mx || question->type == QuestionType::ptr) {
        answer.status = AnswerStatus::found;
        for (int i = 0; i < 10; ++i) {
          answer.names.push_back("h" + std::to_string(i) + ".example");
        }
      } else if (question->type != QuestionType::txt) {
        answer = {.status = AnswerStatus::found, .addresses = {IpAddress::loopback()}};
      }
      action = evaluator.on_answer(answer);
    }
    return std::get<Outcome>(action);
  }
};

Request request() {
  return {.ip = *IpAddress::parse("192.0.2.1"), .helo = "mail.example", .mail_from = "a@d.example"};
}

TEST(SpfEvaluator, AsksABoundedNumberOfQuestionsWhateverIsPublished) {
  Dns dns;
  dns.texts["d.example"] =
      "v=spf1 mx mx mx mx mx mx mx mx mx ptr:%{p}.x.example mx -all exp=%{p}.e.example";
  const Outcome outcome = dns.run(request());
  EXPECT_EQ(outcome.result, Result::permerror) << outcome.reason;
  EXPECT_LE(dns.asked.size(), 1 + 9 * (1 + max_mx_hosts) + 1 + max_ptr_names);
}

TEST(SpfEvaluator, EndsInARedirectOfItself) {
  Dns dns;
  dns.texts["d.example"] = "v=spf1 redirect=%{d}";
  EXPECT_EQ(dns.run(request()).result, Result::permerror);
  EXPECT_EQ(dns.asked.size(), 1 + max_lookup_terms);
}

TEST(SpfEvaluator, SaysWhichMechanismDecided) {
  Dns dns;
  dns.texts["d.example"] = "v=spf1 include:i.example ~all";
  dns.texts["i.example"] = "v=spf1 ip4:192.0.2.0/24 -all";
  const Outcome outcome = dns.run(request());
  EXPECT_EQ(outcome.result, Result::pass);
  EXPECT_EQ(outcome.mechanism, "include:i.example");
  EXPECT_EQ(outcome.domain, "d.example");
  EXPECT_EQ(outcome.reason, "d.example permits 192.0.2.1 (include:i.example)");
}

TEST(SpfEvaluator, AsksNothingForADomainThatIsNone) {
  for (const char* sender :
       {"a@localhost", "a@[192.0.2.1]", "a@x..example", "a@\xC3\xA4.example", "a@"}) {
    Dns dns;
    Request wrong = request();
    wrong.mail_from = sender;
    EXPECT_EQ(dns.run(wrong).result, Result::none) << sender;
    EXPECT_TRUE(dns.asked.empty()) << sender;
  }
}

TEST(SpfEvaluator, NeverPutsWhatIsNotPrintableIntoAnExplanation) {
  Dns dns;
  dns.texts["d.example"] = "v=spf1 -all exp=e.example";
  dns.texts["e.example"] = "you are %{l}";
  Request wrong = request();
  wrong.mail_from = "a\r\n250 ok@d.example";
  EXPECT_EQ(dns.run(wrong).explanation, "");
  wrong.mail_from = "joe@d.example";
  EXPECT_EQ(dns.run(wrong).explanation, "you are joe");
}

}  // namespace
}  // namespace postrider::spf
