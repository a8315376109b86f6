// Plays the dialogues in dialogues/*.txt (../dialogue_player.hpp). What IMAP has beside:
//   rules: tls, starttls, plain (passwords without TLS), tokens, in (logged in already), minus
//   (LITERAL-
//          only), max=OCTETS, errors=N, commands=N, auth=N
//   X: idle              the server waits for DONE
//   E: VERB...           the commands that were executed since the last E
//   M: MAILBOX OCTETS    the next message appended, with escapes
#include "../dialogue_player.hpp"
#include "server_harness.hpp"

namespace postrider::imap {
namespace {

class Player final : public DialoguePlayer<ServerHarness> {
  void forget_rules() override {
    rules_ = ServerRules{};
    rules_.hostname = "mail.example.org";
    facts_ = {};
    in_ = false;
  }

  bool set_rule(std::string_view word, std::uint32_t number) override {
    if (word == "tls") {
      facts_.tls = true;
    } else if (word == "starttls") {
      rules_.offer_starttls = true;
    } else if (word == "plain") {
      rules_.auth_without_tls = true;
    } else if (word == "tokens") {
      rules_.tokens =
          sasl::TokenHints{"mail", "https://login.example/.well-known/openid-configuration"};
    } else if (word == "in") {
      in_ = facts_.tls = true;
    } else if (word == "minus") {
      rules_.offered.remove(Capability::literal_plus);
    } else if (word == "max") {
      rules_.message_octets_max = number;
    } else if (word == "errors") {
      rules_.errors_max = number;
    } else if (word == "commands") {
      rules_.login_commands_max = number;
    } else if (word == "auth") {
      rules_.auth_failures_max = number;
    } else {
      return false;
    }
    return true;
  }

  std::unique_ptr<ServerHarness> connect() override {
    auto out = std::make_unique<ServerHarness>(rules_, facts_);
    executed_ = 0;
    if (in_) {
      out->feed("L LOGIN user@example.org pencil\r\n");
      out->take_output();
    }
    return out;
  }

  bool play_more(std::string_view line, const std::string& text) override {
    flush();
    if (line.starts_with("M: ")) {
      if (const auto* got = next_message()) {
        EXPECT_EQ(got->mailbox + ' ' + escape(got->octets), text) << where;
      }
    } else if (line.starts_with("E:")) {
      std::string got;
      for (; executed_ < harness->executed.size(); ++executed_) {
        got += (got.empty() ? "" : " ") + harness->executed[executed_];
      }
      EXPECT_EQ(got, text) << where;
    } else if (line == "X: idle") {
      EXPECT_TRUE(harness->session.is_idling()) << where;
    } else {
      return false;
    }
    return true;
  }

  ServerRules rules_;
  ServerSession::Facts facts_;
  bool in_ = false;  // logged in already
  std::size_t executed_ = 0;
};

TEST(ImapServerDialogues, AllGoAsWritten) {
  play_dialogues<Player>(POSTRIDER_DIALOGUES, 5);
}

}  // namespace
}  // namespace postrider::imap
