#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/base/scram_hash.hpp>
#include <postrider/codec/smtp/server_session.hpp>

namespace postrider::smtp {

struct CommittedMessage {
  std::string from;
  std::string to;  // joined by commas
  std::string protocol;
  std::string body;
};

// Drives a session as a service does, with a policy that is made of names: senders and recipients
// whose local part is "refused" are refused, "later" deferred, and "harvest" ends the connection;
// user@example.org with the password "pencil" exists; a body with "REFUSE" is refused while it
// comes, with "FAIL" at its commit.
class ServerHarness {
 public:
  explicit ServerHarness(const ServerRules& rules, ServerSession::Facts facts = {})
      : session(rules, std::move(facts), random_) {
    session.start(out);
  }

  void feed(std::string_view input) {
    while (!closed && !awaits_tls) {
      const ServerStep step = session.next(input, out);
      ++steps;
      if (step == ServerStep::read) {
        if (input.empty()) {
          return;
        }
        continue;
      }
      perform(step, input);
    }
  }

  void finish_tls(sasl::ChannelBindings bindings = {}) {
    awaits_tls = false;
    session.on_tls_started(std::move(bindings));
  }

  std::string take_output() { return std::exchange(out, {}); }

 private:
  SeededRandom random_{1};

 public:
  ServerSession session;
  std::string out;
  std::vector<CommittedMessage> messages;
  bool closed = false;
  bool awaits_tls = false;
  std::size_t steps = 0;
  std::size_t opened = 0;
  std::size_t dropped = 0;
  bool refuse_open = false;

 private:
  static std::optional<Reply> judge(const Path& path) {
    if (path.local_part == "refused") {
      return Reply{550, {5, 1, 1}, "No such user"};
    }
    if (path.local_part == "harvest") {
      return Reply{421, {4, 7, 0}, "Too many unknown recipients"};
    }
    if (path.local_part == "later") {
      return Reply{451, {4, 3, 0}, "Try later"};
    }
    return std::nullopt;
  }

  sasl::LoginAnswer authenticate() const {
    const sasl::LoginRequest& request = session.auth_request();
    if (sasl::carries_token(request.mechanism)) {
      if (request.token == "down") {
        return {sasl::LoginVerdict::temporary, ""};
      }
      if (request.token == "off") {
        return {sasl::LoginVerdict::disabled, ""};
      }
      const bool is_own = request.authzid.empty() || request.authzid == "user@example.org";
      return request.token == "good" && is_own
                 ? sasl::LoginAnswer{sasl::LoginVerdict::accepted, "user@example.org"}
                 : sasl::LoginAnswer{sasl::LoginVerdict::rejected, ""};
    }
    if (request.authcid == "busy") {
      return {sasl::LoginVerdict::throttled, ""};
    }
    if (request.authcid == "off") {
      return {sasl::LoginVerdict::disabled, ""};
    }
    const bool known = request.authcid == "user@example.org";
    const bool right = request.proof_holds || request.password == "pencil";
    const bool itself = request.authzid.empty() || request.authzid == request.authcid;
    return known && right && itself
               ? sasl::LoginAnswer{sasl::LoginVerdict::accepted, request.authcid}
               : sasl::LoginAnswer{sasl::LoginVerdict::rejected, ""};
  }

  void perform(ServerStep step, std::string_view input) {
    switch (step) {
      case ServerStep::read:
        break;
      case ServerStep::start_tls:
        awaits_tls = true;
        break;
      case ServerStep::change_client:
        session.on_client_changed(false, out);
        break;
      case ServerStep::load_verifier:
        session.on_verifier(derive_scram_sha256("pencil", "saltsaltsaltsalt", 4096), out);
        break;
      case ServerStep::authenticate:
        session.on_authenticated(authenticate(), out);
        break;
      case ServerStep::check_sender:
        session.on_sender_checked(judge(session.transaction().reverse_path), out);
        break;
      case ServerStep::check_recipient:
        session.on_recipient_checked(judge(session.recipient().path), out);
        break;
      case ServerStep::open_message:
        open(input);
        break;
      case ServerStep::append_body:
        current_->body += session.body();
        if (current_->body.contains("REFUSE")) {
          current_.reset();
          session.on_body_refused({550, {5, 6, 0}, "Body refused"});
        }
        break;
      case ServerStep::commit:
        commit();
        break;
      case ServerStep::drop_message:
        ++dropped;
        current_.reset();
        break;
      case ServerStep::close:
        closed = true;
        break;
    }
  }

  void open(std::string_view input) {
    if (refuse_open) {
      session.on_opened(Reply{452, {4, 3, 1}, "No space"}, input, out);
      return;
    }
    ++opened;
    current_.emplace();
    current_->from = session.transaction().reverse_path.address();
    for (const ServerRecipient& recipient : session.transaction().recipients) {
      current_->to += (current_->to.empty() ? "" : ",") + recipient.path.address();
    }
    current_->protocol = session.protocol();
    session.on_opened(std::nullopt, input, out);
  }

  void commit() {
    CommittedMessage message = *std::exchange(current_, std::nullopt);
    if (message.body.contains("FAIL")) {
      session.on_committed(failure(Reply{451, {4, 3, 0}, "Store failed"}), out);
      return;
    }
    messages.push_back(std::move(message));
    session.on_committed("ID" + std::to_string(messages.size()), out);
  }

  std::optional<CommittedMessage> current_;
};

}  // namespace postrider::smtp
