// Random sessions: one client changes mailboxes, another says NOTIFY and then only listens. What it
// believes, rebuilt from nothing but what it was told, is what the store has.
#include "imap_world.hpp"

#include <fmt/core.h>
#include <map>
#include <set>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/flags.hpp>

namespace postrider::imap {
namespace {

class Listener {
 public:
  struct Numbers {
    std::uint64_t messages = 0;
    std::uint64_t uid_next = 0;
    std::uint64_t uid_validity = 0;
    std::uint64_t unseen = 0;
    friend bool operator==(const Numbers&, const Numbers&) = default;
  };

  void read(const std::string& heard) {
    for (const std::string_view line : split(heard, '\n')) {
      if (line.starts_with("* STATUS ")) {
        read_status(std::string(line.substr(9)));
      } else if (line.starts_with("* LIST ")) {
        read_list(std::string(line.substr(7)));
      } else if (line.starts_with("* ")) {
        read_message(std::string(line.substr(2)));
      }
    }
  }

  std::map<std::string, Numbers> mailboxes;
  std::set<std::string> subscribed{"INBOX"};  // as every account begins
  std::vector<std::string> selected;          // "UID (flags)"

 private:
  void read_status(const std::string& text) {
    const std::size_t begin = text.find(" (");
    Numbers& numbers = mailboxes[text.substr(0, begin)];
    const std::string list = text.substr(begin + 2, text.size() - begin - 3);
    const auto words = split(list, ' ');
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
      const auto value = std::stoull(std::string(words[i + 1]));
      if (words[i] == "MESSAGES") {
        numbers.messages = value;
      } else if (words[i] == "UIDNEXT") {
        numbers.uid_next = value;
      } else if (words[i] == "UIDVALIDITY") {
        numbers.uid_validity = value;
      } else if (words[i] == "UNSEEN") {
        numbers.unseen = value;
      }
    }
  }

  void read_list(const std::string& text) {
    const std::string attributes = text.substr(0, text.find(')') + 1);
    std::string name = text.substr(text.find("\"/\" ") + 4);
    std::string old_name;
    if (const std::size_t at = name.find(" (\"OLDNAME\" ("); at != name.npos) {
      old_name = name.substr(at + 13, name.size() - at - 15);
      name.resize(at);
      move_along(old_name, name);
    }
    if (attributes.contains("\\NonExistent")) {
      mailboxes.erase(name);
    } else {
      mailboxes[name];
    }
    if (attributes.contains("\\Subscribed")) {
      subscribed.insert(name);
    } else {
      subscribed.erase(name);
    }
  }

  // RFC 5465 5.4: those below go along.
  void move_along(const std::string& from, const std::string& to) {
    std::map<std::string, Numbers> moved;
    for (const auto& [name, numbers] : mailboxes) {
      const bool goes = name == from || name.starts_with(from + "/");
      moved[goes ? to + name.substr(from.size()) : name] = numbers;
    }
    mailboxes = std::move(moved);
  }

  void read_message(const std::string& text) {
    char* rest = nullptr;
    const auto number = std::strtoul(text.c_str(), &rest, 10);
    const std::string what = rest;
    if (what == " EXISTS") {
      ASSERT_GE(number, selected.size()) << text;
      selected.resize(number);
    } else if (what == " EXPUNGE") {
      ASSERT_TRUE(number >= 1 && number <= selected.size()) << text;
      selected.erase(selected.begin() + static_cast<std::ptrdiff_t>(number - 1));
    } else if (what.starts_with(" FETCH (UID ")) {
      ASSERT_TRUE(number >= 1 && number <= selected.size()) << text;
      const std::size_t flags = what.find("FLAGS (");
      ASSERT_NE(flags, what.npos) << text;
      selected[number - 1] = what.substr(12, what.find(' ', 12) - 12) + ' ' +
                             what.substr(flags + 6, what.find(')', flags) - flags - 5);
    }
  }
};

class ImapNotifyModel : public ImapWorld, public testing::WithParamInterface<int> {
 public:
  ImapNotifyModel()
      : random(static_cast<std::uint64_t>(GetParam())), changer(*this), watcher(*this) {}

  std::uint64_t below(std::uint64_t bound) { return random.below(bound); }
  store::MailAccountId account() {
    return run(world.boxes().open_account("ada@example.org")).value_or(store::MailAccountId::none);
  }
  std::vector<store::Mailbox> kept_mailboxes() {
    return run(world.boxes().list(account())).value_or(std::vector<store::Mailbox>());
  }
  std::string some_name() {
    static const std::vector<std::string> names = {"a", "b", "a/x", "a/x/y", "b/z"};
    return names[below(names.size())];
  }

  void act() {
    const auto all = kept_mailboxes();
    const store::Mailbox& mailbox = all[below(all.size())];
    switch (below(10)) {
      case 0:
        changer.say("CREATE " + some_name());
        break;
      case 1:
        changer.say("DELETE " + some_name());
        break;
      case 2:
        changer.say("RENAME " + some_name() + " " + some_name());
        break;
      case 3:
        changer.say((below(2) == 0 ? "SUBSCRIBE " : "UNSUBSCRIBE ") + some_name());
        break;
      case 4:
      case 5:
      case 6:
        deliver("Subject: more\r\n\r\n", {}, mailbox.id);
        break;
      default:
        changer.say("SELECT " + mailbox.name);
        if (mailbox.counts.messages > 0) {
          const auto number = 1 + below(mailbox.counts.messages);
          static const std::vector<std::string> flags = {"+FLAGS (\\Seen)", "-FLAGS (\\Seen)",
                                                         "+FLAGS (\\Deleted)", "FLAGS ($One)"};
          changer.say(fmt::format("STORE {} {}", number, flags[below(flags.size())]));
          if (below(3) == 0) {
            changer.say("EXPUNGE");
          }
        }
        changer.say("UNSELECT");
    }
  }

  void expect_truth() {
    listener.read(watcher.hear_now());
    std::map<std::string, Listener::Numbers> kept;
    for (const store::Mailbox& mailbox : kept_mailboxes()) {
      kept[mailbox.name] = {mailbox.counts.messages, mailbox.uid_next, mailbox.uid_validity,
                            mailbox.counts.unseen};
    }
    kept.erase("INBOX");
    auto believed = listener.mailboxes;
    believed.erase("INBOX");
    ASSERT_EQ(believed.size(), kept.size());
    for (const auto& [name, numbers] : kept) {
      EXPECT_EQ(believed[name], numbers) << name;
    }
    const auto subscribed =
        run(world.boxes().subscriptions(account())).value_or(std::vector<std::string>());
    EXPECT_EQ(std::vector(listener.subscribed.begin(), listener.subscribed.end()), subscribed);
    std::vector<std::string> messages;
    for (const store::MailRow& row : world.rows()) {
      std::string flags;
      encode_flags({row.facts.flags.system, row.facts.flags.keywords}, flags);
      messages.push_back(fmt::format("{} ({})", row.uid, flags));
    }
    EXPECT_EQ(listener.selected, messages);
  }

  SeededRandom random;
  ImapClient changer;
  ImapClient watcher;
  Listener listener;
};

TEST_P(ImapNotifyModel, TheListenerBelievesWhatIsKept) {
  SCOPED_TRACE(fmt::format("seed {}: --gtest_filter='*TheListenerBelieves*/{}'", GetParam(),
                           GetParam() - 1));
  changer.log_in();
  watcher.log_in();
  changer.say("CREATE a/x");
  watcher.say("SELECT INBOX");
  const std::string heard = watcher.say(
      "NOTIFY SET STATUS (SELECTED (MessageNew (UID FLAGS) MessageExpunge FlagChange)) "
      "(PERSONAL (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))");
  ASSERT_TRUE(heard.ends_with("OK NOTIFY completed\n")) << heard;
  listener.read(heard);
  for (int step = 0; step < 150 && !HasFailure(); ++step) {
    act();
    if (below(8) == 0) {
      expect_truth();
    }
  }
  expect_truth();
}

INSTANTIATE_TEST_SUITE_P(Seeds, ImapNotifyModel, testing::Range(1, 9));

}  // namespace
}  // namespace postrider::imap
