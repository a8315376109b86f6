#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/codec/pop3/message_writer.hpp>
#include <postrider/codec/pop3/session.hpp>

namespace postrider::pop3 {

// A session with one account, user@example.org / secret, and its messages, driven to the end of
// what it was given.
class Driver {
 public:
  struct Message {
    std::uint32_t uid = 0;
    std::string octets;
  };

  explicit Driver(SessionRules rules = lax_rules(), Session::Facts facts = {})
      : rules_(std::move(rules)), session_(rules_, std::move(facts), random_) {
    session_.start(out_);
  }

  static SessionRules lax_rules() {
    SessionRules rules;
    rules.hostname = "mail.example.org";
    rules.auth_without_tls = true;
    return rules;
  }

  // What the server says to it.
  std::string say(std::string_view octets) {
    std::string_view input = octets;
    while (!is_closed_) {
      const Step step = session_.next(input, out_);
      if (step == Step::read && input.empty()) {
        break;
      }
      perform(step);
    }
    return std::exchange(out_, {});
  }
  std::string log_in() { return say("USER user@example.org\r\nPASS secret\r\n"); }

  Session& session() { return session_; }
  [[nodiscard]] bool is_closed() const { return is_closed_; }

  std::vector<Message> messages;
  std::vector<std::uint32_t> removed;
  sasl::LoginVerdict verdict = sasl::LoginVerdict::accepted;  // of the right password
  std::optional<Trouble> trouble;                             // of what is asked next
  bool removes_all = true;
  int handshakes = 0;

 private:
  void perform(Step step) {
    if (trouble && (step == Step::open || step == Step::load_sizes || step == Step::send_message)) {
      session_.on_unavailable(*std::exchange(trouble, {}), out_);
      return;
    }
    switch (step) {
      case Step::read:
        return;
      case Step::start_tls:
        ++handshakes;
        session_.on_tls_started({});
        return;
      case Step::load_verifier:
        session_.on_verifier(derive_scram_sha256("secret", "salt", 4096), out_);
        return;
      case Step::authenticate: {
        const sasl::LoginRequest& asked = session_.login();
        if (sasl::carries_token(asked.mechanism)) {
          const bool is_good = asked.token == "good";
          session_.on_authenticated(
              {is_good ? verdict : sasl::LoginVerdict::rejected, "user@example.org"}, out_);
          return;
        }
        const bool is_right = asked.authcid == "user@example.org" &&
                              (asked.password == "secret" || asked.proof_holds);
        session_.on_authenticated(
            {is_right ? verdict : sasl::LoginVerdict::rejected, asked.authcid}, out_);
        return;
      }
      case Step::open: {
        Maildrop drop{.validity = 7, .uids = {}, .octets = 0};
        for (const Message& message : messages) {
          drop.uids.push_back(message.uid);
          drop.octets += message.octets.size();
        }
        session_.on_opened(std::move(drop), out_);
        return;
      }
      case Step::load_sizes: {
        std::vector<std::uint64_t> sizes;
        for (std::uint32_t n = session_.wanted().first; n <= session_.wanted().last; ++n) {
          sizes.push_back(messages[n].octets.size());
        }
        session_.on_sizes(std::move(sizes), out_);
        return;
      }
      case Step::send_message: {
        const Retrieval wanted = session_.retrieval();
        MessageWriter writer(wanted.lines);
        for (const Message& message : messages) {
          if (message.uid == wanted.uid) {
            writer.begin(message.octets.size(), out_);
            writer.append(message.octets, out_);
          }
        }
        writer.end(out_);
        return;
      }
      case Step::remove:
        removed = session_.deleted();
        session_.on_removed(removes_all, out_);
        return;
      case Step::close:
        is_closed_ = true;
        return;
    }
  }

  SessionRules rules_;
  SeededRandom random_{1};
  std::string out_;
  bool is_closed_ = false;
  Session session_;
};

}  // namespace postrider::pop3
