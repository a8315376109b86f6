// Plays the dialogues in dialogues/*.txt (../dialogue_player.hpp). What SMTP has beside:
//   rules: submission, relay, inbound, lmtp; then trusted, xclient, tls, plain (AUTH without TLS),
//   tokens,
//          refuse-open, max=OCTETS, errors=N, recipients=N, idle=N, messages=N, auth=N
//   M: FROM TO PROTOCOL BODY     the next message committed, the body with escapes
#include "../dialogue_player.hpp"
#include "server_harness.hpp"

namespace postrider::smtp {
namespace {

class Player final : public DialoguePlayer<ServerHarness> {
  void forget_rules() override {
    rules_ = ServerRules{};
    rules_.hostname = "mail.example.org";
    facts_ = {};
    refuse_open_ = false;
  }

  bool set_rule(std::string_view word, std::uint32_t number) override {
    if (word == "submission") {
      rules_.offer_starttls = rules_.offer_auth = true;
    } else if (word == "inbound") {
      rules_.senders = Senders::anyone;
      rules_.offer_starttls = true;
    } else if (word == "lmtp") {
      rules_.lmtp = facts_.trusted = true;
    } else if (word == "xclient") {
      facts_.xclient = true;
    } else if (word == "relay") {
    } else if (word == "trusted") {
      facts_.trusted = true;
    } else if (word == "tls") {
      facts_.tls = true;
    } else if (word == "plain") {
      rules_.auth_without_tls = true;
    } else if (word == "tokens") {
      rules_.tokens =
          sasl::TokenHints{"mail", "https://login.example/.well-known/openid-configuration"};
    } else if (word == "refuse-open") {
      refuse_open_ = true;
    } else if (word == "max") {
      rules_.message_octets_max = number;
    } else if (word == "errors") {
      rules_.errors_max = number;
    } else if (word == "recipients") {
      rules_.recipients_max = number;
    } else if (word == "idle") {
      rules_.idle_commands_max = number;
    } else if (word == "messages") {
      rules_.messages_max = number;
    } else if (word == "auth") {
      rules_.auth_failures_max = number;
    } else {
      return false;
    }
    return true;
  }

  std::unique_ptr<ServerHarness> connect() override {
    auto out = std::make_unique<ServerHarness>(rules_, facts_);
    out->refuse_open = refuse_open_;
    return out;
  }

  bool play_more(std::string_view line, const std::string& text) override {
    if (!line.starts_with("M: ")) {
      return false;
    }
    if (const auto* got = next_message()) {
      EXPECT_EQ('<' + got->from + "> " + got->to + ' ' + got->protocol + ' ' + escape(got->body),
                text)
          << where;
    }
    return true;
  }

  ServerRules rules_;
  ServerSession::Facts facts_;
  bool refuse_open_ = false;
};

TEST(SmtpServerDialogues, AllGoAsWritten) {
  play_dialogues<Player>(POSTRIDER_DIALOGUES, 8);
}

}  // namespace
}  // namespace postrider::smtp
