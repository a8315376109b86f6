#pragma once

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include <postrider/base/text.hpp>
#include <postrider/codec/smtp/client_session.hpp>
#include <postrider/codec/smtp/reply_parser.hpp>

// A client's session against a written dialogue.
namespace postrider::smtp {

using Kind = RecipientOutcome::Kind;

// Plays a dialogue written as "S: reply" and "C: command" lines. Each C line must be exactly what
// the session has written; consecutive C lines are one group, sent before the next S line.
class Dialogue {
 public:
  explicit Dialogue(ClientSettings settings) : session_(std::move(settings)) {
    step_ = session_.start();
  }

  void set_transaction(ClientTransaction transaction) { transaction_ = std::move(transaction); }
  void set_body(std::vector<std::string> pieces) { pieces_ = std::move(pieces); }
  // Where the server allows it, `content` goes with the envelope.
  void set_content(std::string content) { content_ = std::move(content); }

  void play(std::string_view script) {
    for (std::string_view line : split(script, '\n')) {
      line = line.substr(std::min(line.find_first_not_of(' '), line.size()));
      if (line.starts_with("C: ")) {
        act();
        const std::string wanted = std::string(line.substr(3)) + "\r\n";
        ASSERT_TRUE(out_.starts_with(wanted))
            << "wanted " << wanted << "but the client wrote " << out_;
        out_.erase(0, wanted.size());
      } else if (line.starts_with("S: ")) {
        act();
        ASSERT_EQ(out_, "") << "before " << line;
        ASSERT_EQ(step_, ClientStep::receive) << line;
        reply(line.substr(3));
      } else if (line == "TLS") {
        ASSERT_EQ(step_, ClientStep::start_tls);
        step_ = session_.on_tls_started(out_);
      }
    }
    act();
    EXPECT_EQ(out_, "");
  }

  ClientSession& session() { return session_; }
  [[nodiscard]] ClientStep step() const { return step_; }
  [[nodiscard]] std::vector<Kind> kinds() const {
    std::vector<Kind> out;
    for (const RecipientOutcome& outcome : session_.outcomes()) {
      out.push_back(outcome.kind);
    }
    return out;
  }

 private:
  void reply(std::string_view line) {
    const std::string octets = std::string(line) + "\r\n";
    std::string_view rest = octets;
    const auto parsed = parser_.feed(rest);
    ASSERT_TRUE(parsed.has_value()) << line;
    if (*parsed) {
      step_ = session_.on_reply(**parsed, out_);
      parser_.set_enhanced_codes(session_.capabilities().enhanced_codes);
    }
  }
  void act() {
    if ((step_ == ClientStep::ready || step_ == ClientStep::done) && transaction_) {
      auto transaction = std::move(*transaction_);
      transaction_.reset();
      const bool at_once = content_ && session_.can_send_at_once();
      step_ = at_once ? session_.begin(std::move(transaction), out_, *content_)
                      : session_.begin(std::move(transaction), out_);
    }
    while (step_ == ClientStep::send_body && !pieces_.empty()) {
      const std::string piece = pieces_.front();
      pieces_.erase(pieces_.begin());
      std::string_view bare = piece;
      step_ = session_.send_body(bare, pieces_.empty(), out_);
      out_ += bare;
    }
  }

  ClientSession session_;
  ReplyParser parser_;
  ClientStep step_;
  std::string out_;
  std::optional<ClientTransaction> transaction_;
  std::vector<std::string> pieces_;
  std::optional<std::string> content_;
};

inline ClientSettings plain_settings() {
  ClientSettings settings;
  settings.own_name = "out.example.net";
  settings.tls = ClientSettings::Tls::opportunistic;
  return settings;
}

inline ClientTransaction to(std::vector<std::string> addresses) {
  ClientTransaction transaction;
  transaction.reverse_path = "a@example.net";
  transaction.size_octets = 12;
  for (std::string& address : addresses) {
    transaction.recipients.push_back({std::move(address), {}});
  }
  return transaction;
}

}  // namespace postrider::smtp
