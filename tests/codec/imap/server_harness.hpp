#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/base/scram_hash.hpp>
#include <postrider/codec/imap/server_session.hpp>

namespace postrider::imap {

struct AppendedMessage {
  std::string mailbox;
  std::string octets;
};

// Drives a session as a service does, with a store that is made of names: user@example.org with the
// password "pencil" exists; a mailbox "missing" does not; a message with "REFUSE" is refused while
// it comes. Every other command succeeds, and is written down.
class ServerHarness {
 public:
  explicit ServerHarness(const ServerRules& rules, ServerSession::Facts facts = {})
      : session(rules, std::move(facts), random_) {
    session.start(out);
  }

  void feed(std::string_view input) {
    while (!closed && !awaits_tls) {
      const ServerStep step = session.next(input, out);
      if (step == ServerStep::read) {
        if (input.empty()) {
          return;
        }
        continue;
      }
      perform(step);
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
  std::vector<std::string> executed;  // "SELECT"
  std::vector<AppendedMessage> messages;
  bool closed = false;
  bool awaits_tls = false;
  bool compressed = false;
  std::size_t dropped = 0;

 private:
  LoginAnswer authenticate() const {
    const sasl::LoginRequest& request = session.auth_request();
    if (sasl::carries_token(request.mechanism)) {
      if (request.token == "down") {
        return {{sasl::LoginVerdict::temporary, ""}, {}};
      }
      if (request.token == "off") {
        return {{sasl::LoginVerdict::disabled, ""}, {}};
      }
      const bool is_own = request.authzid.empty() || request.authzid == "user@example.org";
      return request.token == "good" && is_own
                 ? LoginAnswer{{sasl::LoginVerdict::accepted, "user@example.org"}, {}}
                 : LoginAnswer{{sasl::LoginVerdict::rejected, ""}, {}};
    }
    if (request.authcid == "busy") {
      return {{sasl::LoginVerdict::throttled, ""}, {}};
    }
    if (request.authcid == "off") {
      return {{sasl::LoginVerdict::disabled, ""}, {}};
    }
    if (request.authcid == "many") {
      return {{sasl::LoginVerdict::too_many, ""}, {}};
    }
    const bool known = request.authcid == "user@example.org" || request.authcid == "outlook";
    const bool right = request.proof_holds || request.password == "pencil";
    const bool itself = request.authzid.empty() || request.authzid == request.authcid;
    if (!known || !right || !itself) {
      return {{sasl::LoginVerdict::rejected, ""}, {}};
    }
    LoginAnswer answer{{sasl::LoginVerdict::accepted, request.authcid}, {}};
    if (request.authcid == "outlook") {
      answer.hidden.add(Capability::compress);
    }
    return answer;
  }

  void perform(ServerStep step) {
    switch (step) {
      case ServerStep::read:
        break;
      case ServerStep::start_tls:
        awaits_tls = true;
        break;
      case ServerStep::load_verifier:
        session.on_verifier(derive_scram_sha256("pencil", "saltsaltsaltsalt", 4096), out);
        break;
      case ServerStep::authenticate:
        session.on_authenticated(authenticate(), out);
        break;
      case ServerStep::open_message:
        if (session.append().mailbox == "missing") {
          session.on_message_opened(Status{Status::Kind::no, "TRYCREATE", "No such mailbox"}, out);
        } else {
          current_.push_back({session.append().mailbox, ""});
          session.on_message_opened(std::nullopt, out);
        }
        break;
      case ServerStep::append_octets:
        current_.back().octets += session.piece();
        if (current_.back().octets.contains("REFUSE")) {
          session.on_append_refused({Status::Kind::no, "OVERQUOTA", "No room"}, out);
        }
        break;
      case ServerStep::close_message:
        break;
      case ServerStep::drop_messages:
        ++dropped;
        current_.clear();
        break;
      case ServerStep::execute:
        execute();
        break;
      case ServerStep::start_compression:
        compressed = true;
        break;
      case ServerStep::close:
        closed = true;
        break;
    }
  }

  void execute() {
    const Command& command = session.command();
    executed.emplace_back(name_of(command.verb));
    const auto* select = std::get_if<SelectArguments>(&command.arguments);
    if (select != nullptr && select->mailbox == "missing") {
      session.on_done({Status::Kind::no, "NONEXISTENT", "No such mailbox"}, out);
      return;
    }
    if (select != nullptr) {
      out += "* 3 EXISTS\r\n";
    }
    for (AppendedMessage& message : std::exchange(current_, {})) {
      messages.push_back(std::move(message));
    }
    session.on_done({Status::Kind::ok, "", std::string(name_of(command.verb)) + " completed"}, out);
  }

  std::vector<AppendedMessage> current_;
};

}  // namespace postrider::imap
