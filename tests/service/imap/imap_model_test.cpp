// Random sessions: several clients on one mailbox. What each client believes, rebuilt from nothing
// but the responses, is what the store has.
#include "imap_world.hpp"

#include <fmt/core.h>
#include <map>
#include <set>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/flags.hpp>

namespace postrider::imap {
namespace {

// A client's belief: the messages by their numbers.
class Belief {
 public:
  struct Message {
    store::Uid uid = 0;                // 0: not known yet
    std::optional<std::string> flags;  // sorted, blanks between
  };

  void read(const std::string& heard) {
    std::size_t at = 0;
    while (at < heard.size()) {
      const std::size_t end = heard.find('\n', at);
      line(heard.substr(at, end - at));
      at = end == heard.npos ? heard.size() : end + 1;
    }
  }
  void select() { messages.clear(); }

  std::vector<Message> messages;

 private:
  void line(const std::string& text) {
    if (!text.starts_with("* ")) {
      return;
    }
    if (text.starts_with("* VANISHED ")) {
      vanish(text.substr(11));
      return;
    }
    char* rest = nullptr;
    const auto number = std::strtoul(text.c_str() + 2, &rest, 10);
    const std::string what = rest;
    if (what == " EXISTS") {
      ASSERT_GE(number, messages.size()) << text;
      messages.resize(number);
    } else if (what == " EXPUNGE") {
      ASSERT_TRUE(number >= 1 && number <= messages.size()) << text;
      messages.erase(messages.begin() + static_cast<std::ptrdiff_t>(number - 1));
    } else if (what.starts_with(" FETCH (")) {
      ASSERT_TRUE(number >= 1 && number <= messages.size()) << text;
      fetch(messages[number - 1], what);
    }
  }
  void fetch(Message& message, const std::string& what) {
    if (const std::size_t at = what.find("UID "); at != what.npos) {
      const auto uid = static_cast<store::Uid>(std::stoul(what.substr(at + 4)));
      ASSERT_TRUE(message.uid == 0 || message.uid == uid) << what;
      message.uid = uid;
    }
    if (const std::size_t at = what.find("FLAGS ("); at != what.npos) {
      const std::size_t end = what.find(')', at);
      message.flags = sorted(what.substr(at + 7, end - at - 7));
    }
  }
  // One that it does not know by its UID yet stands between those that it does.
  void vanish(const std::string& set) {
    for (const std::string_view range : split(set, ',')) {
      const auto ends = split(range, ':');
      const auto first = static_cast<store::Uid>(std::stoul(std::string(ends.front())));
      const auto last = static_cast<store::Uid>(std::stoul(std::string(ends.back())));
      for (store::Uid uid = first; uid <= last; ++uid) {
        auto place = messages.end();
        for (auto one = messages.begin(); one != messages.end() && one->uid <= uid; ++one) {
          if (one->uid != 0 && one->uid < uid) {
            place = messages.end();
          } else if (one->uid == uid || place == messages.end()) {
            place = one;
          }
        }
        ASSERT_NE(place, messages.end()) << "VANISHED " << set;
        messages.erase(place);
      }
    }
  }

 public:
  static std::string sorted(const std::string& flags) {
    std::set<std::string> all;
    for (const std::string_view flag : split(flags, ' ')) {
      if (!flag.empty() && flag != "\\Recent") {  // of the session, not of the store
        all.emplace(to_lower(flag));
      }
    }
    std::string out;
    for (const std::string& flag : all) {
      out += out.empty() ? flag : " " + flag;
    }
    return out;
  }
};

class ImapModel : public ImapWorld, public testing::WithParamInterface<int> {
 public:
  struct Actor {
    std::unique_ptr<ImapClient> client;
    Belief belief;
    bool is_idling = false;
    bool has_qresync = false;
  };

  ImapModel() : random(static_cast<std::uint64_t>(GetParam())) {}

  std::uint64_t below(std::uint64_t bound) { return random.below(bound); }
  std::string some_flags() {
    static const std::vector<std::string> flags = {
        "\\Seen", "\\Flagged", "\\Answered", "\\Draft", "\\Deleted", "$One", "$Two"};
    std::string out;
    for (const std::string& flag : flags) {
      if (below(3) == 0) {
        out += out.empty() ? flag : " " + flag;
      }
    }
    return out;
  }
  // A set of numbers that the client knows.
  std::string some_set(const Actor& actor) {
    const std::size_t count = actor.belief.messages.size();
    const std::size_t a = 1 + below(count);
    const std::size_t b = 1 + below(count);
    return below(4) == 0 ? fmt::format("{}:*", a) : fmt::format("{}:{},{}", a, b, a);
  }

  void say(Actor& actor, const std::string& command) {
    const std::string heard = actor.client->say(command);
    actor.belief.read(heard);
    const bool may_fail = heard.contains("EXPUNGEISSUED");
    ASSERT_TRUE(may_fail || heard.contains("OK ")) << command << '\n' << heard;
    history.push_back(command);
  }
  // What a client does with messages that it has just heard of.
  void learn(Actor& actor) {
    auto& messages = actor.belief.messages;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (messages[i].uid == 0 || !messages[i].flags) {
        say(actor, fmt::format("FETCH {}:* (UID FLAGS)", i + 1));
        return;
      }
    }
  }
  void open(Actor& actor) {
    actor.client = std::make_unique<ImapClient>(*this);
    actor.client->log_in();
    actor.has_qresync = below(3) == 0;
    if (actor.has_qresync) {
      say(actor, "ENABLE QRESYNC");
    }
    actor.belief.select();
    say(actor, "SELECT INBOX");
    learn(actor);
  }
  void end_idle(Actor& actor) {
    if (std::exchange(actor.is_idling, false)) {
      actor.client->send("DONE\r\n");
      actor.belief.read(actor.client->hear("OK IDLE completed\r\n"));
      learn(actor);
    }
  }

  void act(Actor& actor) {
    if (actor.is_idling) {
      if (below(3) != 0) {
        return;
      }
      end_idle(actor);
    }
    const bool has_any = !actor.belief.messages.empty();
    const bool uid = below(2) == 0;
    const std::string prefix = uid ? "UID " : "";
    switch (below(has_any ? 12 : 4)) {
      case 0:
        say(actor, "APPEND INBOX (" + some_flags() + ") {3+}\r\nabc");
        break;
      case 1:
        say(actor, "NOOP");
        break;
      case 2:
        actor.client->send("idle IDLE\r\n");
        actor.client->hear("+ idling\r\n");
        actor.is_idling = true;
        return;
      case 3:
        actor.client->hang_up();
        open(actor);
        break;
      case 4:
      case 5:
      case 6: {
        static const std::vector<std::string> how = {"FLAGS", "+FLAGS", "-FLAGS", "+FLAGS.SILENT",
                                                     "FLAGS.SILENT"};
        const std::string& one = how[below(how.size())];
        say(actor, fmt::format("STORE {} {} ({})", some_set(actor), one, some_flags()));
        // What a silent STORE did the client knows by itself; this one asks.
        say(actor, "FETCH 1:* (UID FLAGS)");
        break;
      }
      case 7:
        say(actor, "FETCH " + some_set(actor) + " (FLAGS UID BODY[])");
        break;
      case 8:
        say(actor, "EXPUNGE");
        break;
      case 9:
        say(actor, fmt::format("COPY {} INBOX", some_set(actor)));
        break;
      case 10:
        say(actor, fmt::format("MOVE {} INBOX", some_set(actor)));
        break;
      default: {
        const auto& message = actor.belief.messages[below(actor.belief.messages.size())];
        say(actor, fmt::format("UID {} {}", uid ? "EXPUNGE" : "FETCH",
                               fmt::format("{}{}", message.uid, uid ? "" : " FLAGS")));
        break;
      }
    }
    learn(actor);
  }

  void expect_truth(Actor& actor) {
    end_idle(actor);
    say(actor, "NOOP");
    learn(actor);
    std::vector<std::string> believed;
    for (const Belief::Message& message : actor.belief.messages) {
      believed.push_back(fmt::format("{} ({})", message.uid, message.flags.value_or("?")));
    }
    std::vector<std::string> kept;
    for (const store::MailRow& row : world.rows()) {
      std::string flags;
      encode_flags({row.facts.flags.system, row.facts.flags.keywords}, flags);
      kept.push_back(fmt::format("{} ({})", row.uid, Belief::sorted(flags)));
    }
    EXPECT_EQ(believed, kept);
  }

  SeededRandom random;
  std::vector<std::string> history;
};

TEST_P(ImapModel, EachClientBelievesWhatIsKept) {
  SCOPED_TRACE(
      fmt::format("seed {}: --gtest_filter='*EachClientBelieves*/{}'", GetParam(), GetParam() - 1));
  for (int i = 0; i < 3; ++i) {
    deliver("Subject: begin\r\n\r\n");
  }
  std::vector<Actor> actors(3);
  for (Actor& actor : actors) {
    open(actor);
  }
  for (int step = 0; step < 120 && !HasFailure(); ++step) {
    act(actors[below(actors.size())]);
    if (below(10) == 0) {
      deliver("Subject: more\r\n\r\n");
    }
    if (below(20) == 0) {
      for (Actor& actor : actors) {
        expect_truth(actor);
      }
    }
  }
  for (Actor& actor : actors) {
    expect_truth(actor);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ImapModel, testing::Range(1, 13));

}  // namespace
}  // namespace postrider::imap
