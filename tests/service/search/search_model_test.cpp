// SEARCH with an index says what SEARCH without one does, whatever is looked for, and however far
// the index is.
#include "search_world.hpp"

#include <fmt/core.h>
#include <random>

namespace postrider::search {
namespace {

// The index, or nothing.
class SwitchedIndex final : public flow::TextIndex {
 public:
  engine::Task<flow::TextAnswers> ask(flow::IndexedPlace place,
                                      std::vector<flow::TextQuestion> questions) override {
    if (inner == nullptr) {
      co_return flow::TextAnswers();
    }
    ++asked;
    auto answers = co_await inner->ask(std::move(place), std::move(questions));
    most_known = std::max(most_known, answers.known.size());
    co_return answers;
  }
  void note_used(store::MailAccountId account) override {
    if (inner != nullptr) {
      inner->note_used(account);
    }
  }
  flow::TextIndex* inner = nullptr;
  std::uint64_t asked = 0;
  std::uint32_t most_known = 0;
};

class SearchModel : public SearchWorld {
 public:
  SearchModel() {
    start_index();
    text_index = &switched;
  }
  ~SearchModel() override {
    client.reset();
    if (service) {
      twin().simulation().run(service->stop(reactor().now() + std::chrono::seconds(1)));
      service.reset();
    }
  }
  std::string pick(const std::vector<std::string>& from) { return from[random() % from.size()]; }
  std::string text(std::size_t longest) {
    std::string out;
    for (std::size_t i = random() % longest + 1; i > 0; --i) {
      out += pick(words) + pick({" ", " ", "-", ", ", ".", "", "\r\n"});
    }
    return out;
  }
  std::string encoded(const std::string& text) {
    std::string out;
    for (const char c : text) {
      out += fmt::format("={:02X}", static_cast<unsigned char>(c));
    }
    return out;
  }
  std::string field() {
    return random() % 3 == 0 ? "=?utf-8?Q?" + encoded(pick(words)) + "?= " + pick(words)
                             : pick(words) + " " + pick(words);
  }
  void deliver_any() {
    std::string head = "From: " + pick({"bob@example.org", "carol@mill.example"}) +
                       "\r\nSubject: " + field() + "\r\nX-Rare: " + field() + "\r\n";
    switch (random() % 4) {
      case 0:
        deliver(head + "\r\n" + text(30));
        break;
      case 1:
        deliver(head +
                "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n\r\n" +
                encoded(text(4)).substr(0, 72));
        break;
      case 2:
        deliver(head +
                "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
                "Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" +
                text(10) + "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: " + field() +
                "\r\n\r\n" + text(10) + "\r\n--b\r\nContent-Type: application/pdf\r\n\r\n" +
                text(5) + "\r\n--b--\r\n");
        break;
      default:
        deliver(head + "\r\n" + text(10) + std::string(random() % 200, 'q') + pick(words));
    }
  }
  std::string wanted() {
    std::string out = pick(words);
    switch (random() % 5) {
      case 0:
        out = out.substr(random() % out.size());
        break;
      case 1:
        out += " " + pick(words);
        break;
      case 2:
        out += pick({".", "-", "@", ""}) + pick(words);
        break;
      case 3:
        out.resize(out.size() / 2 + 1);
        break;
      default:
        break;
    }
    while (!out.empty() && (static_cast<unsigned char>(out.front()) & 0xC0) == 0x80) {
      out.erase(0, 1);  // a whole character
    }
    while (!out.empty() && static_cast<unsigned char>(out.back()) >= 0x80) {
      out.pop_back();
    }
    return out;
  }
  std::string key(int depth = 2) {
    switch (random() % (depth == 0 ? 6 : 10)) {
      case 0:
      case 1:
        return "BODY " + literal(wanted());
      case 2:
        return "TEXT " + literal(wanted());
      case 3:
        return "SUBJECT " + literal(wanted());
      case 4:
        return pick({"FROM bob", "FROM mill", "HEADER X-Rare " + literal(wanted()), "UNSEEN"});
      case 5:
        return "FUZZY " + pick({"BODY ", "TEXT ", "SUBJECT "}) + literal(wanted());
      case 6:
        return "NOT " + key(depth - 1);
      case 7:
      case 8:
        return "OR " + key(depth - 1) + " " + key(depth - 1);
      default:
        return "(" + key(depth - 1) + " " + key(depth - 1) + ")";
    }
  }
  static std::string literal(const std::string& octets) {
    return fmt::format("{{{}+}}\r\n{}", octets.size(), octets);
  }
  std::string answer(const std::string& keys, bool has_index) {
    switched.inner = has_index ? index.get() : nullptr;
    std::string heard = client->say(keys);
    const std::size_t tag = heard.find("(TAG \"");
    if (tag != std::string::npos) {
      heard.erase(tag, heard.find(')', tag) - tag);
    }
    return heard;
  }

  const std::vector<std::string> words = {"mill",
                                          "river",
                                          "Millers",
                                          "old",
                                          "M\xC3\xBCller",
                                          "stra\xC3\x9F"
                                          "e",
                                          "\xE6\x97\xA5\xE6\x9C\xAC",
                                          "4711",
                                          "invoice",
                                          "invoices",
                                          "x",
                                          "inn",
                                          "caf\xC3\xA9",
                                          "re-read",
                                          "o'clock",
                                          "averyveryverylongwordthatnobodywouldeverwrite",
                                          "q"};
  std::mt19937 random;
  SwitchedIndex switched;
  std::unique_ptr<imap::ImapClient> client;
};

TEST_F(SearchModel, WithAnIndexAndWithoutTheAnswersAreTheSame) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  random.seed(seed);
  for (int i = 0; i < 60; ++i) {
    deliver_any();
  }
  client = std::make_unique<imap::ImapClient>(*this);
  client->open();
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    if (round % 10 == 3) {
      settle();
    } else if (round % 10 == 5) {
      deliver_any();
    } else if (round % 10 == 7) {
      const auto uids = world.uids();
      const store::Uid one = uids[random() % uids.size()];
      ASSERT_TRUE(run(world.boxes().expunge(account, store::MailboxId::inbox, {one}, false)));
    }
    client->say("NOOP");
    const std::string keys = key();
    // Of several keys only those count that a message was held against.
    const std::string search = keys.starts_with("FUZZY") && round % 2 == 0
                                   ? "SEARCH RETURN (ALL RELEVANCY) CHARSET UTF-8 " + keys
                                   : "SEARCH CHARSET UTF-8 " + keys;
    EXPECT_EQ(answer(search, true), answer(search, false)) << search;
  }
  EXPECT_GT(switched.asked, 100U);
  EXPECT_GT(switched.most_known, 50U);
}

TEST_F(SearchModel, TheMostRelevantComesFirst) {
  for (int i = 0; i < 30; ++i) {
    deliver("Subject: filler\r\n\r\nnothing here\r\n");
  }
  deliver("Subject: one\r\n\r\nthe mills of the town\r\n");
  deliver("Subject: two\r\n\r\nmill mill mill\r\n");
  deliver("Subject: three\r\n\r\na mlil\r\n");
  deliver("Subject: four\r\n\r\nan old mill\r\n");
  client = std::make_unique<imap::ImapClient>(*this);
  client->open();
  for (const bool has_index : {false, true, true}) {
    EXPECT_EQ(answer("SORT (RELEVANCY) UTF-8 FUZZY BODY mill", has_index),
              "* SORT 32 34 31 33\nOK SORT completed\n");
    EXPECT_EQ(answer("SORT (REVERSE RELEVANCY) UTF-8 FUZZY BODY mill", has_index),
              "* SORT 33 31 34 32\nOK SORT completed\n");
    EXPECT_TRUE(answer("SEARCH RETURN (ALL RELEVANCY) FUZZY BODY mill", has_index)
                    .contains(" ALL 31:34 RELEVANCY (60 87 48 75)\n"));
    settle();
  }
  EXPECT_TRUE(client->say("SEARCH RETURN (RELEVANCY) BODY mill").starts_with("BAD "));
  EXPECT_TRUE(client->say("SORT (RELEVANCY) UTF-8 BODY mill").starts_with("BAD "));
}

}  // namespace
}  // namespace postrider::search
