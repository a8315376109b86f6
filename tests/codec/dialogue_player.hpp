#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace postrider {

// Octets as dialogues write them: \r \n \0 \t \xNN \\ are read.
inline std::string unescape(std::string_view text) {
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

inline std::string escape(std::string_view text) {
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

// Plays the dialogues of a protocol against its session, whole and octet by octet. The lines that
// all of them have:
//   # text               a comment
//   rules: WORD...       a new connection; `whole`: the group's timing matters: never cut it; the
//                        other words are the protocol's
//   C: text              a line; neighbouring ones are sent in one piece, with escapes read and
//                        CRLF added; C> adds none
//   S: text              a line of the answer to the group; a final "..." stands for any rest
//   X: tls               the handshake that STARTTLS began
//   X: closed            the server has closed
// Harness: feed, take_output, finish_tls; awaits_tls, closed, messages (each must be named).
template <typename Harness>
class DialoguePlayer {
 public:
  DialoguePlayer() = default;
  DialoguePlayer(const DialoguePlayer&) = delete;
  DialoguePlayer& operator=(const DialoguePlayer&) = delete;
  virtual ~DialoguePlayer() = default;

  void play_file(const std::filesystem::path& path, bool cut) {
    std::ifstream in(path);
    cut_ = cut;
    int number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      where = path.filename().string() + ":" + std::to_string(number) +
              (cut ? " (octet by octet)" : "");
      if (!line.empty() && !line.starts_with('#')) {
        play(line);
      }
    }
    end();
  }

 protected:
  // For a new connection: the rules of the one before are forgotten, then each word is set (with
  // the number behind its '='; false: there is no such word).
  virtual void forget_rules() = 0;
  virtual bool set_rule(std::string_view word, std::uint32_t number) = 0;
  virtual std::unique_ptr<Harness> connect() = 0;
  // A line that only this protocol has, its text from the fourth octet. False: it has none such.
  virtual bool play_more(std::string_view line, const std::string& text) = 0;

  // What has been gathered is sent, and its answer taken.
  void flush() {
    if (group_.empty()) {
      return;
    }
    ASSERT_TRUE(lines_.empty()) << where << ": unread answer " << lines_.front();
    if (cut_ && !whole_) {
      for (const char c : group_) {
        harness->feed(std::string_view(&c, 1));
      }
    } else {
      harness->feed(group_);
    }
    group_.clear();
    collect();
  }

  // The next of the harness's messages; a failure and nullptr if there is none.
  const auto* next_message() {
    flush();
    const bool is_there = message_ < harness->messages.size();
    EXPECT_TRUE(is_there) << where << ": no message";
    return is_there ? &harness->messages[message_++] : nullptr;
  }

  std::unique_ptr<Harness> harness;
  std::string where;

 private:
  void collect() {
    std::string out = harness->take_output();
    for (std::size_t end = 0; (end = out.find("\r\n")) != std::string::npos;
         out.erase(0, end + 2)) {
      lines_.push_back(out.substr(0, end));
    }
    EXPECT_TRUE(out.empty()) << where << ": an answer without CRLF: " << out;
  }

  void begin(const std::string& words) {
    whole_ = false;
    message_ = 0;
    forget_rules();
    std::istringstream in(words);
    for (std::string word; in >> word;) {
      const auto equals = word.find('=');
      const auto number = equals == std::string::npos ? 0 : std::stoul(word.substr(equals + 1));
      if (word == "whole") {
        whole_ = true;
      } else if (!set_rule(std::string_view(word).substr(0, equals),
                           static_cast<std::uint32_t>(number))) {
        ADD_FAILURE() << where << ": unknown rule " << word;
      }
    }
    harness = connect();
    collect();
  }

  void expect_line(const std::string& wanted) {
    flush();
    ASSERT_FALSE(lines_.empty()) << where << ": no answer, wanted " << wanted;
    const std::string got = lines_.front();
    lines_.erase(lines_.begin());
    if (wanted.ends_with("...")) {
      EXPECT_TRUE(got.starts_with(wanted.substr(0, wanted.size() - 3)))
          << where << "\n got    " << got << "\n wanted " << wanted;
    } else {
      EXPECT_EQ(got, wanted) << where;
    }
  }

  void play(const std::string& line) {
    const std::string text = line.size() > 3 ? line.substr(3) : "";
    if (line.starts_with("rules: ")) {
      end();
      begin(line.substr(7));
    } else if (line.starts_with("C: ") || line == "C:") {
      group_ += unescape(text) + "\r\n";
    } else if (line.starts_with("C> ")) {
      group_ += unescape(text);
    } else if (line.starts_with("S: ")) {
      expect_line(text);
    } else if (line == "X: tls") {
      flush();
      EXPECT_TRUE(harness->awaits_tls) << where;
      harness->finish_tls({});
    } else if (line == "X: closed") {
      flush();
      EXPECT_TRUE(harness->closed) << where;
    } else if (!play_more(line, text)) {
      ADD_FAILURE() << where << ": what is this? " << line;
    }
  }

  void end() {
    if (harness) {
      flush();
      EXPECT_TRUE(lines_.empty()) << where << ": unread answer "
                                  << (lines_.empty() ? "" : lines_.front());
      EXPECT_EQ(message_, harness->messages.size()) << where << ": messages that no M names";
    }
    lines_.clear();
    harness.reset();
  }

  bool cut_ = false;  // send octet by octet
  bool whole_ = false;
  std::string group_;
  std::vector<std::string> lines_;  // the answer not yet looked at
  std::size_t message_ = 0;
};

// At least so many files, so that a wrong folder is seen.
template <typename Player>
void play_dialogues(const std::filesystem::path& folder, std::size_t at_least) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  ASSERT_GE(files.size(), at_least);
  for (const auto& file : files) {
    Player().play_file(file, false);
    Player().play_file(file, true);
  }
}

}  // namespace postrider
