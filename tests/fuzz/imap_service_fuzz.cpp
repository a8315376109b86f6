// Two clients of one account, octet by octet as they say it, on the simulated engine and a store in
// memory: no crash, each line of an answer whole, and a store that is sound whatever they did.
// In the input 0xff lets a second pass, 0xfe lets the other client speak.
#include "../store/mailbox_fixture.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/base/password_hash.hpp>
#include <postrider/base/text.hpp>
#include <postrider/flow/credential_source.hpp>
#include <postrider/service/imap/imap_service.hpp>

using namespace postrider;  // NOLINT: a fuzz target

namespace {

constexpr Argon2Cost cheap_hash{.memory_kib = 8, .passes = 1, .lanes = 1};
constexpr char waits = '\xff';
constexpr char turns = '\xfe';
constexpr std::string_view account = "ada@example.org";

const std::string& password_hash() {
  static const std::string hash = [] {
    SeededRandom random(1);
    return hash_password("pencil", random, cheap_hash);
  }();
  return hash;
}

class Client {
 public:
  Client(engine::Reactor& reactor, std::unique_ptr<engine::Stream> stream)
      : reactor_(reactor), stream_(std::move(stream)) {}

  engine::Task<void> say(std::string octets) {
    if (!is_over_) {
      is_over_ = !(co_await stream_->send(octets, soon()));
    }
    co_await hear();
  }
  engine::Task<void> hear() {
    while (!is_over_ && stream_->is_readable()) {
      const auto piece = co_await stream_->receive(soon());
      is_over_ = !piece;
      if (piece) {
        heard_ += *piece;
      }
    }
  }
  void hang_up() { stream_.reset(); }
  [[nodiscard]] const std::string& heard() const { return heard_; }

 private:
  engine::Until soon() { return {reactor_.now() + std::chrono::seconds(1), {}}; }
  engine::Reactor& reactor_;
  std::unique_ptr<engine::Stream> stream_;
  std::string heard_;
  bool is_over_ = false;
};

// A server with an account, some mailboxes, and messages in two of them.
class World {
 public:
  World() {
    store::Account made;
    made.name = account;
    made.password_hash = password_hash();
    check(world_.twin.run(world_.twin.accounts().save_account(made, true)).has_value(), "account");
    fill();
    imap::ImapSettings settings;
    settings.rules.hostname = "mail.example.org";
    settings.rules.message_octets_max = 4096;
    settings.append_octets_max = 8192;
    service_ = std::make_unique<imap::ImapService>(
        imap::ImapDoors{world_.twin.reactor(), authenticator_, world_.boxes()}, settings);
    const auto listening = service_->listen({.address = *SocketAddress::parse("127.0.0.1:0"),
                                             .tls = flow::ListenerTls::none,
                                             .auth_without_tls = true});
    check(listening.has_value(), "a place to listen");
    address_ = *listening;
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  std::unique_ptr<Client> connect() {
    auto stream = world_.twin.run(world_.twin.reactor().connect(
        {.to = address_, .source = {}}, {world_.twin.reactor().now() + std::chrono::seconds(5)}));
    check(stream.has_value(), "a connection");
    auto client = std::make_unique<Client>(world_.twin.reactor(), std::move(*stream));
    say(*client, "1 LOGIN ada@example.org pencil\r\n2 SELECT INBOX\r\n");
    pass(std::chrono::milliseconds(100));
    run(client->hear());
    return client;
  }
  void say(Client& client, std::string octets) { run(client.say(std::move(octets))); }
  void run(engine::Task<void> task) { world_.twin.simulation().run(std::move(task)); }
  void pass(Duration time) { world_.twin.simulation().run_for(time); }

  void stop() {
    run(service_->stop(world_.twin.reactor().now() + std::chrono::seconds(30)));
    service_.reset();
    const auto report = world_.twin.run(world_.twin.store().upkeep(0).verify(world_.account));
    check(report && report->findings.empty(), "the store is not sound any more");
  }

 private:
  void fill() {
    auto& boxes = world_.boxes();
    for (const char* name : {"Sent", "a", "a/b"}) {
      const auto use =
          std::string_view(name) == "Sent" ? store::SpecialUse::sent : store::SpecialUse::none;
      (void)world_.twin.run(boxes.create(world_.account, name, use));  // they are made anew here
    }
    world_.add("Subject: one\r\nFrom: a@b\r\nMessage-ID: <1@b>\r\n\r\nhello\r\n");
    world_.add(
        "Subject: =?utf-8?q?zw=C3=B6lf?=\r\nReferences: <1@b>\r\nMIME-Version: "
        "1.0\r\nContent-Type: "
        "multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\ntext\r\n--x\r\nContent-Type: "
        "message/rfc822\r\n\r\nSubject: in\r\n\r\ny\r\n--x--\r\n",
        store::MailboxId::inbox, {store::SystemFlag::seen, {"$Work"}});
    world_.add("\r\n", store::MailboxId::inbox, {store::SystemFlag::deleted, {}});
    world_.add("Subject: x\r\n\r\n", store::MailboxId{3});
  }

  store::MailWorld world_;
  flow::StoredCredentials credentials_{world_.twin.accounts()};
  policy::Authenticator authenticator_{
      world_.twin.reactor(), credentials_, "secret", {.throttle = {}, .unknown_cost = cheap_hash}};
  std::unique_ptr<imap::ImapService> service_;
  SocketAddress address_;
};

// Lines end in CRLF, with their literals; what is between two of them can't be taken for either.
void check_lines(std::string_view heard) {
  while (!heard.empty()) {
    const std::size_t end = heard.find("\r\n");
    if (end == heard.npos) {
      return;  // the connection was cut
    }
    const std::string_view line = heard.substr(0, end);
    check(line.find_first_of(std::string_view("\r\n\0", 3)) == line.npos, "a line is broken");
    heard.remove_prefix(end + 2);
    if (!line.ends_with('}')) {
      continue;
    }
    const std::size_t open = line.rfind('{');
    const auto octets = open == line.npos
                            ? std::nullopt
                            : parse_decimal(line.substr(open + 1, line.size() - open - 2));
    if (octets && *octets <= heard.size()) {
      heard.remove_prefix(*octets);
    } else if (octets) {
      return;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) {
    return 0;
  }
  World world;
  std::unique_ptr<Client> clients[2] = {world.connect(), world.connect()};
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::size_t speaker = 0;
  unsigned pauses = 0;
  for (std::size_t at = 0; at < input.size();) {
    const std::size_t end = std::min(input.find_first_of("\xff\xfe", at), input.size());
    world.say(*clients[speaker], std::string(input.substr(at, end - at)));
    at = end + 1;
    if (end < input.size() && input[end] == turns) {
      speaker = 1 - speaker;
    } else if (end < input.size() && input[end] == waits && ++pauses <= 16) {
      world.pass(std::chrono::seconds(1));
    }
    world.run(clients[0]->hear());
    world.run(clients[1]->hear());
  }
  world.pass(std::chrono::seconds(1));
  const bool is_packed = to_lower(input).contains("compress");
  for (auto& client : clients) {
    world.run(client->hear());
    if (!is_packed) {
      check_lines(client->heard());
    }
    client->hang_up();
  }
  world.stop();
  return 0;
}
