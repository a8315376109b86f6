#include "fake_mx.hpp"

#include <algorithm>
#include <optional>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/net/tls_session.hpp>

namespace postrider::delivery {

namespace {

struct OpenCount {
  explicit OpenCount(FakeMx& mx) : mx(mx) {
    ++mx.connections;
    mx.most_open = std::max(mx.most_open, ++mx.open);
  }
  ~OpenCount() { --mx.open; }
  FakeMx& mx;
};

std::string path_of(const std::string& command) {
  const std::size_t begin = command.find('<');
  const std::size_t end = command.find('>', begin);
  return command.substr(begin + 1, end - begin - 1);
}

}  // namespace

// One conversation.
struct FakeMx::Session {
  FakeMx& mx;
  engine::Simulation& simulation;
  net::Connection connection;
  std::string received;
  Mail mail;
  bool has_mail = false;

  // Nothing more: the other side has gone.
  engine::Task<std::optional<std::string>> read(std::size_t octets) {
    while (received.size() < octets) {
      const auto more = co_await connection.receive({mono_never, {}});
      if (!more) {
        co_return std::nullopt;
      }
      received += *more;
    }
    std::string out = received.substr(0, octets);
    received.erase(0, octets);
    co_return out;
  }
  engine::Task<std::optional<std::string>> read_until(std::string end) {
    std::size_t at = 0;
    for (std::size_t from = 0; (at = received.find(end, from)) == std::string::npos;) {
      // Not from the start again for each piece of a large message.
      from = received.size() < end.size() ? 0 : received.size() - end.size() + 1;
      const auto more = co_await connection.receive({mono_never, {}});
      if (!more) {
        co_return std::nullopt;
      }
      received += *more;
    }
    std::string out = received.substr(0, at);
    received.erase(0, at + end.size());
    co_return out;
  }
  // False: the conversation is over.
  engine::Task<bool> say(std::string reply) {
    if (reply == "stall") {
      while (co_await connection.receive({mono_never, {}})) {
      }
      co_return false;
    }
    if (reply.empty()) {
      co_return false;
    }
    connection.write(reply + "\r\n");
    const bool sent = (co_await connection.flush({mono_never, {}})).has_value();
    co_return sent && !reply.starts_with("421");
  }
  engine::Task<bool> hello() {
    std::string reply;
    auto extensions = mx.manners.extensions;
    if (mx.manners.tls != nullptr && connection.tls() == nullptr) {
      extensions.emplace_back("STARTTLS");
    }
    reply = extensions.empty() ? "250 mx.test" : "250-mx.test\r\n";
    for (std::size_t i = 0; i < extensions.size(); ++i) {
      reply +=
          i + 1 == extensions.size() ? "250 " + extensions[i] : "250-" + extensions[i] + "\r\n";
    }
    co_return co_await say(std::move(reply));
  }
  engine::Task<bool> start_tls() {
    const std::string& reply = mx.manners.on_starttls;
    const std::size_t instead = reply.find('!');
    if (!co_await say(reply.substr(0, instead)) || !reply.starts_with("220")) {
      co_return reply.starts_with('4') || reply.starts_with('5');
    }
    if (instead != reply.npos) {
      (void)co_await say(reply.substr(instead + 1));  // whether it arrives or not
      co_return false;
    }
    received.clear();
    const auto started =
        co_await connection.start_tls(*mx.manners.tls, net::TlsRole::server, "", {mono_never, {}});
    mx.resumed += started && connection.tls()->facts().is_resumed ? 1 : 0;
    co_return started.has_value();
  }
  engine::Task<bool> take_content(std::string content) {
    mail.content = std::move(content);
    mail.encrypted = connection.tls() != nullptr;
    mail.time = simulation.reactor(0).wall_now();
    std::vector<std::string> who = mx.manners.lmtp ? mail.to : std::vector<std::string>{""};
    bool kept = false;
    bool goes_on = true;
    for (const std::string& address : who) {
      std::string reply =
          mx.manners.on_content ? mx.manners.on_content(mail, address) : "250 2.0.0 taken";
      const bool takes = reply.starts_with('2') || reply.starts_with('!');
      if (takes && mx.manners.lmtp) {
        mx.taken.push_back({mail.from, {address}, mail.content, mail.time, mail.encrypted});
      } else if (takes && !kept) {
        mx.taken.push_back(mail);
        kept = true;
      }
      if (reply.starts_with('!')) {
        reply.erase(0, 1);
      }
      goes_on = goes_on && co_await say(std::move(reply));
    }
    has_mail = false;
    mail = {};
    co_return goes_on;
  }
  engine::Task<bool> data() {
    if (mail.to.empty()) {
      co_return co_await say("554 5.5.1 no valid recipients");
    }
    if (!co_await say("354 go")) {
      co_return false;
    }
    received.insert(0, "\r\n");
    auto content = co_await read_until("\r\n.\r\n");
    if (!content) {
      co_return false;
    }
    std::string plain;
    std::string_view rest =
        std::string_view(*content).substr(std::min<std::size_t>(2, content->size()));
    for (const std::string_view line : split(rest, '\n')) {
      plain += line.starts_with("..") ? line.substr(1) : line;
      plain += '\n';
    }
    plain.insert(plain.size() - 1, "\r");
    co_return co_await take_content(std::move(plain));
  }
  engine::Task<bool> bdat(std::string command) {
    const auto words = split(command, ' ');
    const bool last = words.size() > 2;
    auto chunk = co_await read(parse_decimal(words[1]).value());
    if (!chunk) {
      co_return false;
    }
    if (mail.to.empty()) {
      co_return co_await say("503 5.5.1 no RCPT");
    }
    mail.content += *chunk;
    if (!last) {
      co_return co_await say("250 2.0.0 chunk");
    }
    co_return co_await take_content(std::exchange(mail.content, {}));
  }
  engine::Task<bool> obey(std::string command) {
    const std::string verb = to_lower(command.substr(0, command.find(' ')));
    if (verb == "ehlo" || verb == "lhlo") {
      co_return co_await hello();
    }
    if (verb == "mail") {
      mail = {};
      mail.from = path_of(command);
      std::string reply = mx.manners.on_mail ? mx.manners.on_mail(command) : "250 2.1.0 ok";
      has_mail = reply.starts_with('2');
      co_return co_await say(std::move(reply));
    }
    if (verb == "rcpt") {
      const std::string address = path_of(command);
      std::string reply = !has_mail            ? "503 5.5.1 no MAIL"
                          : mx.manners.on_rcpt ? mx.manners.on_rcpt(address)
                                               : "250 2.1.5 ok";
      if (reply.starts_with('2')) {
        mail.to.push_back(address);
      }
      co_return co_await say(std::move(reply));
    }
    if (verb == "data") {
      co_return co_await data();
    }
    if (verb == "bdat") {
      co_return co_await bdat(command);
    }
    if (verb == "starttls" && mx.manners.tls != nullptr) {
      co_return co_await start_tls();
    }
    if (verb == "quit") {
      (void)co_await say("221 2.0.0 bye");  // whether it arrives or not
      co_return false;
    }
    co_return co_await say(verb == "rset" ? "250 2.0.0 reset" : "500 5.5.1 what");
  }
};

FakeMx::FakeMx(engine::Simulation& simulation, IpAddress address, std::uint16_t port)
    : simulation_(simulation), address_(address) {
  auto listener = simulation_.reactor(0).listen({{address, port}});
  check(listener.has_value(), "the address is taken");
  listener_ = std::move(*listener);
  serve();
}

void FakeMx::serve() {
  simulation_.reactor(0).spawn(accept_all());
}

engine::Task<void> FakeMx::accept_all() {
  while (true) {
    auto stream = co_await listener_->accept({mono_never, {}});
    if (!stream) {
      co_return;
    }
    simulation_.reactor(0).spawn(converse(std::move(*stream)));
  }
}

engine::Task<void> FakeMx::converse(std::unique_ptr<engine::Stream> stream) {
  OpenCount count(*this);
  Session session{
      *this, simulation_, net::Connection(simulation_.reactor(0), std::move(stream)), {}, {}};
  const bool is_full = open > manners.connections_max;
  if (!co_await session.say(is_full ? "421 4.3.2 too many connections" : manners.greeting)) {
    co_return;
  }
  while (auto command = co_await session.read_until("\r\n")) {
    commands.push_back(*command);
    if (!co_await session.obey(std::move(*command))) {
      co_return;
    }
  }
}

}  // namespace postrider::delivery
