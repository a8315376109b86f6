#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <postrider/base/ip_address.hpp>

namespace postrider::spf {

// RFC 7208 2.6.
enum class Result : std::uint8_t { none, neutral, pass, fail, softfail, temperror, permerror };
// "pass", "temperror": as Authentication-Results says it.
[[nodiscard]] std::string_view name_of(Result result);

struct Request {
  IpAddress ip;
  std::string helo;  // as the client said it
  // The reverse-path without brackets. Empty: the null one, or the check of the HELO identity
  // alone, which are the same: postmaster@HELO (RFC 7208 2.4).
  std::string mail_from;
  std::string receiver;   // %{r}: our host name; empty becomes "unknown"
  std::uint64_t now = 0;  // %{t}: seconds since 1970
};

enum class QuestionType : std::uint8_t { txt, a, aaaa, mx, ptr };

// What DNS must be asked. Labels stand between the dots of `name`, any other octet may be in them.
struct Question {
  std::string name;
  QuestionType type{};
  friend bool operator==(const Question&, const Question&) = default;
};

enum class AnswerStatus : std::uint8_t {
  found,
  nothing,  // NXDOMAIN, or no record of that type: a void lookup
  failed,   // anything else: SERVFAIL, no answer in time, bogus
};

// In what the question was about; the rest is empty.
struct Answer {
  AnswerStatus status = AnswerStatus::failed;
  std::vector<IpAddress> addresses;
  std::vector<std::string> texts;  // each a record, its strings joined
  std::vector<std::string> names;  // of MX hosts in any order, or of PTR
};

struct Outcome {
  Result result = Result::none;
  std::string domain;       // whose policy it was: of the reverse-path, or HELO
  std::string mechanism;    // that matched, as written ("-all"); empty: none did
  std::string reason;       // one line for people: why this result
  std::string explanation;  // exp= of the domain, for `fail` (RFC 7208 6.2); empty: none
};

// Ask this, then give the answer to on_answer(); or it is over.
using Action = std::variant<Question, Outcome>;

// check_host() of RFC 7208 4, without DNS and without a clock. Feed it until it gives an Outcome:
//   for (Action action = check.start(); ...) action =
//   check.on_answer(lookup(get<Question>(action)));
// In: domains in ASCII (A-labels); others have no policy. Limits: limits.hpp; time is the driver's
// to bound: an answer `failed` ends it soon.
class Evaluator {
 public:
  explicit Evaluator(Request request);
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;
  ~Evaluator();

  [[nodiscard]] Action start();
  // Only after a Question.
  [[nodiscard]] Action on_answer(const Answer& answer);

 private:
  class Check;
  std::unique_ptr<Check> check_;
};

}  // namespace postrider::spf
