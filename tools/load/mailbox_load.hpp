#pragma once

#include "load_link.hpp"
#include "load_session.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::tools {

// A connection of a mailbox protocol, whichever: logs in, then carries out the commands of
// LoadSettings, those of `first` once a connection, those of `commands` for each operation.
class MailboxLoad : public LoadSession {
 public:
  using Done = Result<void, std::string>;

  engine::Task<Done> open() final;
  engine::Task<Done> send(LoadId id) final;
  engine::Task<void> quit() final;
  [[nodiscard]] bool is_open() const final { return link_.is_open(); }

 protected:
  // All outlive it. `goodbye`: the line that ends a session.
  MailboxLoad(const LoadSettings& settings, const net::TlsContext& tls, engine::Reactor& reactor,
              std::string_view goodbye)
      : settings_(settings), link_(settings, tls, reactor), goodbye_(goodbye) {}
  // Up to the end of TLS, if the settings want it.
  virtual engine::Task<Done> greet() = 0;
  // Nothing where no user is given.
  virtual engine::Task<Done> log_in() = 0;
  // Writes a command; what hear() is told of it.
  virtual std::string say(std::string text) = 0;
  // Reads the answer to the oldest command that has none yet.
  virtual engine::Task<Done> hear(std::string said) = 0;
  engine::Task<Done> command(std::string text);
  // A command of an operation, as it is sent.
  [[nodiscard]] virtual std::string made(const std::string& command, LoadId id);

  const LoadSettings& settings_;
  LoadLink link_;

 private:
  engine::Task<Done> perform(std::vector<std::string> commands);

  std::string goodbye_;
};

}  // namespace postrider::tools
