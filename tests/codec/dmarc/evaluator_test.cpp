#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include <postrider/codec/dmarc/evaluator.hpp>

namespace postrider::dmarc {
namespace {

struct Dns {
  std::multimap<std::string, std::string> texts;      // by name
  std::set<std::string> failing, missing;             // names
  std::map<std::string, std::string> organizational;  // by name
  std::vector<Question> asked = {};

  Outcome run(Request request) {
    Evaluator evaluator(std::move(request));
    Action action = evaluator.start();
    while (const auto* question = std::get_if<Question>(&action)) {
      EXPECT_EQ(std::ranges::find(asked, *question), asked.end())
          << "asked twice: " << question->name;
      asked.push_back(*question);
      action = evaluator.on_answer(answer(*question));
    }
    return std::get<Outcome>(action);
  }

  Answer answer(const Question& question) const {
    if (failing.contains(question.name)) {
      return {};
    }
    if (question.kind == QuestionKind::existence) {
      return {.status = missing.contains(question.name) ? AnswerStatus::no_such_name
                                                        : AnswerStatus::no_data};
    }
    if (question.kind == QuestionKind::organizational_domain) {
      const auto it = organizational.find(question.name);
      return it == organizational.end()
                 ? Answer{}
                 : Answer{.status = AnswerStatus::found, .domain = it->second};
    }
    Answer found{.status = AnswerStatus::no_such_name};
    for (auto [it, end] = texts.equal_range(question.name); it != end; ++it) {
      found.status = AnswerStatus::found;
      found.texts.push_back(it->second);
    }
    return found;
  }
};

struct Row {
  const char* what;
  Dns dns;
  Request request;
  Result result;
  Policy policy = Policy::none;
  Policy disposition = Policy::none;
  const char* record_domain = "";
};

void run(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    Dns dns = row.dns;
    const Outcome outcome = dns.run(row.request);
    EXPECT_EQ(name_of(outcome.result), name_of(row.result)) << row.what << ": " << outcome.reason;
    EXPECT_EQ(name_of(outcome.policy), name_of(row.policy)) << row.what;
    EXPECT_EQ(name_of(outcome.disposition), name_of(row.disposition)) << row.what;
    EXPECT_EQ(outcome.record_domain, row.record_domain) << row.what;
    EXPECT_FALSE(outcome.reason.empty()) << row.what;
  }
}

const std::string reject = "v=DMARC1; p=reject";

TEST(DmarcEvaluator, ChoosesTheRecordAndItsPolicy) {
  const Request from{.author_domain = "a.mail.Example.com."};
  const char* own = "_dmarc.a.mail.example.com";
  const char* top = "_dmarc.example.com";
  const char* suffix = "_dmarc.com";
  run({
      {"nothing published", {}, from, Result::none},
      {"own record",
       {{{own, reject}}},
       from,
       Result::fail,
       Policy::reject,
       Policy::reject,
       "a.mail.example.com"},
      {"own record ignores sp",
       {{{own, reject + "; sp=none"}}},
       from,
       Result::fail,
       Policy::reject,
       Policy::reject,
       "a.mail.example.com"},
      {"organizational",
       {{{top, reject}}},
       from,
       Result::fail,
       Policy::reject,
       Policy::reject,
       "example.com"},
      {"sp",
       {{{top, reject + "; sp=quarantine"}}},
       from,
       Result::fail,
       Policy::quarantine,
       Policy::quarantine,
       "example.com"},
      {"np for what does not exist",
       {{{top, "v=DMARC1; p=none; np=reject"}}, {}, {"a.mail.example.com"}},
       from,
       Result::fail,
       Policy::reject,
       Policy::reject,
       "example.com"},
      {"no np for what exists",
       {{{top, "v=DMARC1; p=none; sp=quarantine; np=reject"}}},
       from,
       Result::fail,
       Policy::quarantine,
       Policy::quarantine,
       "example.com"},
      {"no sp, np for what does not exist",
       {{{top, "v=DMARC1; p=reject; sp=quarantine"}}, {}, {"a.mail.example.com"}},
       from,
       Result::fail,
       Policy::quarantine,
       Policy::quarantine,
       "example.com"},
      {"two records are none", {{{own, reject}, {own, reject}}}, from, Result::none},
      {"other texts beside it",
       {{{own, reject}, {own, "hello"}, {own, "v=DMARC2"}}},
       from,
       Result::fail,
       Policy::reject,
       Policy::reject,
       "a.mail.example.com"},
      {"public suffix",
       {{{suffix, "v=DMARC1; p=reject; psd=y"}}},
       from,
       Result::fail,
       Policy::reject,
       Policy::reject,
       "com"},
      {"public suffix stands behind the organization",
       {{{suffix, "v=DMARC1; p=reject; psd=y"}, {top, "v=DMARC1; p=none"}}},
       from,
       Result::fail,
       Policy::none,
       Policy::none,
       "example.com"},
      {"not a suffix, but the shortest name",
       {{{suffix, reject}}},
       from,
       Result::fail,
       Policy::reject,
       Policy::reject,
       "com"},
      {"t softens one step",
       {{{own, reject + "; t=y"}}},
       from,
       Result::fail,
       Policy::reject,
       Policy::quarantine,
       "a.mail.example.com"},
      {"t softens quarantine",
       {{{own, "v=DMARC1; p=quarantine; t=y"}}},
       from,
       Result::fail,
       Policy::quarantine,
       Policy::none,
       "a.mail.example.com"},
      {"broken policy", {{{own, "v=DMARC1; p=x"}, {top, reject}}}, from, Result::none},
      {"own record fails", {{{top, reject}}, {own}}, from, Result::temperror},
      {"walk fails", {{}, {top}}, from, Result::temperror},
      {"a top-level domain fails",
       {{{top, reject}}, {suffix}},
       from,
       Result::fail,
       Policy::reject,
       Policy::reject,
       "example.com"},
      {"existence fails",
       {{{top, "v=DMARC1; p=none; np=reject"}}, {"a.mail.example.com"}},
       from,
       Result::temperror,
       Policy::none,
       Policy::none,
       "example.com"},
      {"no domain", {}, {.author_domain = ""}, Result::permerror},
      {"a literal", {}, {.author_domain = "[192.0.2.1]"}, Result::permerror},
      {"an empty label", {}, {.author_domain = "a..b"}, Result::permerror},
  });
}

TEST(DmarcEvaluator, AlignsIdentifiers) {
  const auto dns = [](const std::string& tags) {
    return Dns{{{"_dmarc.example.com", "v=DMARC1; p=reject" + tags}}};
  };
  const auto request = [](const char* author, const char* spf, std::vector<std::string> dkim) {
    return Request{.author_domain = author, .spf_domain = spf, .dkim_domains = std::move(dkim)};
  };
  const Dns split{{{"_dmarc.example.com", reject}, {"_dmarc.b.example.com", reject + "; psd=n"}}};
  run({
      {"SPF identical", dns(""), request("example.com", "EXAMPLE.com", {}), Result::pass,
       Policy::reject, Policy::none, "example.com"},
      {"DKIM identical", dns("; adkim=s"), request("example.com", "", {"other.org", "example.com"}),
       Result::pass, Policy::reject, Policy::none, "example.com"},
      {"relaxed: below", dns(""), request("example.com", "bounce.example.com", {}), Result::pass,
       Policy::reject, Policy::none, "example.com"},
      {"relaxed: above", dns(""), request("a.example.com", "", {"example.com"}), Result::pass,
       Policy::reject, Policy::none, "example.com"},
      {"relaxed: beside", dns(""), request("a.example.com", "", {"b.example.com"}), Result::pass,
       Policy::reject, Policy::none, "example.com"},
      {"strict SPF", dns("; aspf=s"), request("example.com", "bounce.example.com", {}),
       Result::fail, Policy::reject, Policy::reject, "example.com"},
      {"strict SPF, relaxed DKIM", dns("; aspf=s"),
       request("example.com", "x.example.com", {"x.example.com"}), Result::pass, Policy::reject,
       Policy::none, "example.com"},
      {"another domain", dns(""), request("example.com", "example.org", {"badexample.com"}),
       Result::fail, Policy::reject, Policy::reject, "example.com"},
      {"the suffix itself", dns(""), request("example.com", "com", {}), Result::fail,
       Policy::reject, Policy::reject, "example.com"},
      {"an organization of its own", split, request("example.com", "", {"a.b.example.com"}),
       Result::fail, Policy::reject, Policy::reject, "example.com"},
      {"within that organization", split, request("c.b.example.com", "", {"a.b.example.com"}),
       Result::pass, Policy::reject, Policy::none, "b.example.com"},
      {"its walk fails",
       {{{"_dmarc.example.com", reject}}, {"_dmarc.x.example.com"}},
       request("example.com", "x.example.com", {}),
       Result::temperror,
       Policy::none,
       Policy::none,
       "example.com"},
      {"one fails, another is aligned",
       {{{"_dmarc.example.com", reject}}, {"_dmarc.x.example.com"}},
       request("example.com", "y.example.com", {"x.example.com"}),
       Result::pass,
       Policy::reject,
       Policy::none,
       "example.com"},
  });
}

TEST(DmarcEvaluator, KnowsPublicSuffixesByTheirRecords) {
  const Dns dns{{{"_dmarc.co.uk", "v=DMARC1; p=none; psd=y"}, {"_dmarc.example.co.uk", reject}}};
  run({
      {"same organization",
       dns,
       {.author_domain = "example.co.uk", .spf_domain = "b.example.co.uk"},
       Result::pass,
       Policy::reject,
       Policy::none,
       "example.co.uk"},
      {"neighbours are strangers",
       dns,
       {.author_domain = "example.co.uk", .spf_domain = "other.co.uk"},
       Result::fail,
       Policy::reject,
       Policy::reject,
       "example.co.uk"},
      {"mail of the suffix",
       dns,
       {.author_domain = "co.uk", .spf_domain = "x.co.uk"},
       Result::fail,
       Policy::none,
       Policy::none,
       "co.uk"},
  });
}

TEST(DmarcEvaluator, AsksAPublicSuffixListIfToldTo) {
  const Dns dns{.texts = {{"_dmarc.example.co.uk", reject + "; sp=none"}},
                .organizational = {{"a.example.co.uk", "example.co.uk"},
                                   {"b.example.co.uk", "example.co.uk"},
                                   {"other.co.uk", "other.co.uk"}}};
  const auto request = [](const char* author, const char* spf) {
    return Request{
        .author_domain = author, .spf_domain = spf, .discovery = Discovery::public_suffix};
  };
  run({
      {"aligned", dns, request("a.example.co.uk", "b.example.co.uk"), Result::pass, Policy::none,
       Policy::none, "example.co.uk"},
      {"not", dns, request("a.example.co.uk", "other.co.uk"), Result::fail, Policy::none,
       Policy::none, "example.co.uk"},
      {"no record", dns, request("other.co.uk", "other.co.uk"), Result::none, Policy::none,
       Policy::none, ""},
  });
  Dns asked = dns;
  (void)asked.run(request("a.example.co.uk", ""));  // the questions are what is looked at
  for (const Question& question : asked.asked) {
    EXPECT_NE(question.name, "_dmarc.co.uk");
  }
}

// RFC 9989 4.10.
TEST(DmarcEvaluator, WalksInEightQueriesAtMost) {
  Dns dns;
  EXPECT_EQ(dns.run({.author_domain = "a.b.c.d.e.f.g.h.i.j.mail.example.com"}).result,
            Result::none);
  std::vector<std::string> names;
  for (const Question& question : dns.asked) {
    names.push_back(question.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{
                       "_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com",
                       "_dmarc.g.h.i.j.mail.example.com", "_dmarc.h.i.j.mail.example.com",
                       "_dmarc.i.j.mail.example.com", "_dmarc.j.mail.example.com",
                       "_dmarc.mail.example.com", "_dmarc.example.com", "_dmarc.com"}));
}

TEST(DmarcEvaluator, IsBoundedWhateverTheMessageClaims) {
  Dns dns{{{"_dmarc.example.com", reject}}};
  Request request{.author_domain = "a.example.com"};
  for (int i = 0; i < 1000; ++i) {
    request.dkim_domains.push_back("x" + std::to_string(i) + ".b.c.d.e.f.g.h.i.j.k.example.com");
  }
  request.dkim_domains.emplace_back("a.example.com");
  EXPECT_EQ(dns.run(request).result, Result::pass);
  request.dkim_domains.pop_back();
  dns.asked.clear();
  dns.texts.insert({"_dmarc.k.example.com", reject + "; psd=n"});
  EXPECT_EQ(dns.run(request).result, Result::fail);
  EXPECT_LE(dns.asked.size(), (max_identifiers + 1) * max_walk_queries);
}

}  // namespace
}  // namespace postrider::dmarc
