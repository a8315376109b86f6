#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <postrider/engine/simulation.hpp>
#include <postrider/engine/stream.hpp>
#include <postrider/net/tls_context.hpp>

namespace postrider::delivery {

// An SMTP or LMTP server of the simulated network that does what a test tells it.
class FakeMx {
 public:
  struct Mail {
    std::string from;
    std::vector<std::string> to;
    std::string content;
    WallTime time{};
    bool encrypted = false;
  };
  // What it answers; functions are asked anew each time. "" closes the connection without a word,
  // "stall" says nothing for ever.
  struct Manners {
    std::string greeting = "220 mx.test ESMTP";
    std::vector<std::string> extensions{"PIPELINING",          "8BITMIME", "SMTPUTF8", "SIZE 0",
                                        "ENHANCEDSTATUSCODES", "DSN"};
    std::function<std::string(const std::string& command)> on_mail;
    std::function<std::string(const std::string& address)> on_rcpt;
    // One per message (SMTP) or accepted recipient (LMTP). The message counts as taken if the reply
    // begins with '2', or with '!': then the rest is what happens instead of the reply.
    std::function<std::string(const Mail& mail, const std::string& address)> on_content;
    std::size_t connections_max = SIZE_MAX;  // 421 past that
    // Offers STARTTLS with it. The reply may be "220 go!" and then what it does instead of a
    // handshake: "!stall", "!" (closes) or "!words in the clear".
    const net::TlsContext* tls = nullptr;
    std::string on_starttls = "220 2.0.0 go";
    bool lmtp = false;
  };

  FakeMx(engine::Simulation& simulation, IpAddress address, std::uint16_t port = 25);
  FakeMx(const FakeMx&) = delete;
  FakeMx& operator=(const FakeMx&) = delete;

  // At construction and after Simulation::kill_tasks().
  void serve();

  Manners manners;
  std::vector<Mail> taken;
  std::vector<std::string> commands;  // without the content
  std::size_t connections = 0;        // accepted since the start
  std::size_t open = 0;               // now
  std::size_t most_open = 0;
  std::size_t resumed = 0;  // TLS sessions
  [[nodiscard]] const IpAddress& address() const { return address_; }

 private:
  struct Session;
  engine::Task<void> accept_all();
  engine::Task<void> converse(std::unique_ptr<engine::Stream> stream);

  engine::Simulation& simulation_;
  IpAddress address_;
  std::unique_ptr<engine::Listener> listener_;
};

}  // namespace postrider::delivery
