// Plays the dialogues in dialogues/*.txt. A file's lines:
//   # text               a comment
//   rules: WORD...       a new connection: tls, starttls, plain (passwords without TLS), in (logged
//                        in already), minus (LITERAL- only), max=OCTETS, errors=N, commands=N,
//                        auth=N, whole (the group's timing matters: never cut it)
//   C: text              a line; neighbouring ones are sent in one piece. \r \n \0 \t \xNN \\ are
//                        read, and CRLF is added; C> adds none
//   S: text              a line of the answer to the group; a final "..." stands for any rest
//   X: tls               the handshake that STARTTLS began
//   X: closed            the server has closed
//   X: idle              the server waits for DONE
//   E: VERB...           the commands that were executed since the last E
//   M: MAILBOX OCTETS    a message appended, the next one, with escapes
#include "server_harness.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

#include <postrider/base/text.hpp>

namespace postrider::imap {
namespace {

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'r':
        out += '\r';
        break;
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case '0':
        out += '\0';
        break;
      case 'x':
        out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
        i += 2;
        break;
      default:
        out += text[i];
    }
  }
  return out;
}

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '\r'   ? "\\r"
           : c == '\n' ? "\\n"
           : c == '\0' ? "\\0"
           : c == '\\' ? "\\\\"
                       : std::string(1, c);
  }
  return out;
}

struct Player {
  bool cut = false;  // send octet by octet
  bool whole = false;
  ServerRules rules;
  std::unique_ptr<ServerHarness> harness;
  std::string group;
  std::vector<std::string> lines;  // the answer not yet looked at
  std::size_t message = 0;
  std::size_t executed = 0;
  std::string where;

  void flush() {
    if (group.empty()) {
      return;
    }
    ASSERT_TRUE(lines.empty()) << where << ": unread answer " << lines.front();
    if (cut && !whole) {
      for (const char c : group) {
        harness->feed(std::string_view(&c, 1));
      }
    } else {
      harness->feed(group);
    }
    group.clear();
    collect();
  }

  void collect() {
    std::string out = harness->take_output();
    for (std::size_t end = 0; (end = out.find("\r\n")) != std::string::npos;
         out.erase(0, end + 2)) {
      lines.push_back(out.substr(0, end));
    }
    EXPECT_TRUE(out.empty()) << where << ": an answer without CRLF: " << out;
  }

  void begin(const std::string& words) {
    EXPECT_TRUE(lines.empty()) << where << ": unread answer";
    rules = ServerRules{};
    rules.hostname = "mail.example.org";
    ServerSession::Facts facts;
    whole = false;
    bool in = false;
    std::istringstream stream(words);
    for (std::string word; stream >> word;) {
      const auto number = [&word] {
        return static_cast<std::uint32_t>(std::stoul(word.substr(word.find('=') + 1)));
      };
      if (word == "tls") {
        facts.tls = true;
      } else if (word == "starttls") {
        rules.offer_starttls = true;
      } else if (word == "plain") {
        rules.auth_without_tls = true;
      } else if (word == "in") {
        in = facts.tls = true;
      } else if (word == "minus") {
        rules.offered.remove(Capability::literal_plus);
      } else if (word == "whole") {
        whole = true;
      } else if (word.starts_with("max=")) {
        rules.message_octets_max = number();
      } else if (word.starts_with("errors=")) {
        rules.errors_max = number();
      } else if (word.starts_with("commands=")) {
        rules.login_commands_max = number();
      } else if (word.starts_with("auth=")) {
        rules.auth_failures_max = number();
      } else {
        ADD_FAILURE() << where << ": unknown rule " << word;
      }
    }
    harness = std::make_unique<ServerHarness>(rules, facts);
    message = executed = 0;
    if (in) {
      harness->feed("L LOGIN user@example.org pencil\r\n");
      harness->take_output();
    }
    collect();
  }

  void expect_executed(const std::string& wanted) {
    flush();
    std::string got;
    for (; executed < harness->executed.size(); ++executed) {
      got += (got.empty() ? "" : " ") + harness->executed[executed];
    }
    EXPECT_EQ(got, wanted) << where;
  }

  void expect_line(const std::string& wanted) {
    flush();
    ASSERT_FALSE(lines.empty()) << where << ": no answer, wanted " << wanted;
    const std::string got = lines.front();
    lines.erase(lines.begin());
    if (wanted.ends_with("...")) {
      EXPECT_TRUE(got.starts_with(wanted.substr(0, wanted.size() - 3)))
          << where << "\n got    " << got << "\n wanted " << wanted;
    } else {
      EXPECT_EQ(got, wanted) << where;
    }
  }

  void expect_message(const std::string& wanted) {
    flush();
    ASSERT_LT(message, harness->messages.size()) << where << ": no message";
    const AppendedMessage& got = harness->messages[message++];
    EXPECT_EQ(got.mailbox + ' ' + escape(got.octets), wanted) << where;
  }

  void play(const std::string& line) {
    const std::string text = line.size() > 3 ? line.substr(3) : "";
    if (line.starts_with("rules: ")) {
      end();
      begin(line.substr(7));
    } else if (line.starts_with("C: ") || line == "C:") {
      group += unescape(text) + "\r\n";
    } else if (line.starts_with("C> ")) {
      group += unescape(text);
    } else if (line.starts_with("S: ")) {
      expect_line(text);
    } else if (line.starts_with("M: ")) {
      expect_message(text);
    } else if (line == "X: tls") {
      flush();
      EXPECT_TRUE(harness->awaits_tls) << where;
      harness->finish_tls({});
    } else if (line.starts_with("E: ") || line == "E:") {
      expect_executed(text);
    } else if (line == "X: idle") {
      flush();
      EXPECT_TRUE(harness->session.is_idling()) << where;
    } else if (line == "X: closed") {
      flush();
      EXPECT_TRUE(harness->closed) << where;
    } else {
      ADD_FAILURE() << where << ": what is this? " << line;
    }
  }

  void end() {
    if (harness) {
      flush();
      EXPECT_TRUE(lines.empty()) << where << ": unread answer "
                                 << (lines.empty() ? "" : lines.front());
      EXPECT_EQ(message, harness->messages.size()) << where << ": messages that no M names";
    }
    lines.clear();
    harness.reset();
  }
};

void play_file(const std::filesystem::path& path, bool cut) {
  std::ifstream in(path);
  Player player;
  player.cut = cut;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    player.where =
        path.filename().string() + ":" + std::to_string(number) + (cut ? " (octet by octet)" : "");
    if (!line.empty() && !line.starts_with('#')) {
      player.play(line);
    }
  }
  player.end();
}

TEST(ImapServerDialogues, AllGoAsWritten) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(POSTRIDER_DIALOGUES)) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  ASSERT_GE(files.size(), 5U);
  for (const auto& file : files) {
    play_file(file, false);
    play_file(file, true);
  }
}

}  // namespace
}  // namespace postrider::imap
