// One end of TLS connections over real sockets, for tests with other TLS libraries at the other
// end.
//
//   tls_probe connect PORT NAME [option]...   asks once or twice, says what came of it
//   tls_probe serve CERT KEY [option]...      prints its port, then serves one connection after the
//                                             other; "rotate" on its input rotates the ticket keys
// Each connection is one line of output: KEY=VALUE, separated by tabs.
#include <arpa/inet.h>
#include <cstdio>
#include <fmt/core.h>
#include <fstream>
#include <iostream>
#include <map>
#include <netinet/in.h>
#include <poll.h>
#include <sstream>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/net/tls_dane.hpp>
#include <postrider/net/tls_session.hpp>

namespace postrider::net {
namespace {

constexpr int patience_ms = 20'000;

struct Options {
  std::vector<std::string> plain;
  std::multimap<std::string, std::string> named;  // "--name value"

  Options(int count, char** words) {
    for (int i = 0; i < count; ++i) {
      const std::string word = words[i];
      if (word.starts_with("--") && i + 1 < count) {
        named.emplace(word.substr(2), words[++i]);
      } else {
        plain.push_back(word);
      }
    }
  }
  [[nodiscard]] std::string get(const std::string& name) const {
    const auto found = named.find(name);
    return found == named.end() ? std::string() : found->second;
  }
  [[nodiscard]] std::vector<std::string> all(const std::string& name) const {
    std::vector<std::string> values;
    const auto [from, to] = named.equal_range(name);
    for (auto entry = from; entry != to; ++entry) {
      values.push_back(entry->second);
    }
    return values;
  }
  [[nodiscard]] TlsVersions versions() const {
    const auto version = get("version");
    return version == "1.2"   ? TlsVersions::only_1_2
           : version == "1.3" ? TlsVersions::only_1_3
                              : TlsVersions::from_1_2;
  }
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

dns::Tlsa parse_tlsa(const std::string& text) {
  std::istringstream words(text);
  unsigned usage = 0;
  unsigned selector = 0;
  unsigned matching = 0;
  std::string hex;
  words >> usage >> selector >> matching >> hex;
  dns::Tlsa record{.usage = static_cast<std::uint8_t>(usage),
                   .selector = static_cast<std::uint8_t>(selector),
                   .matching_type = static_cast<std::uint8_t>(matching),
                   .data = {}};
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    record.data += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return record;
}

TlsIdentity identity(const std::string& certificate, const std::string& key) {
  auto loaded = load_tls_identity(certificate, key);
  if (!loaded) {
    fmt::print(stderr, "{}\n", loaded.error().text);
    std::exit(2);
  }
  return std::move(*loaded);
}

// A session over a blocking socket.
class Wire {
 public:
  Wire(int fd, TlsSession session) : fd_(fd), session_(std::move(session)) {}
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() { ::close(fd_); }

  TlsStep shake() {
    while (true) {
      const auto step = session_.handshake(in_, out_);
      if (!push() || (step == TlsStep::want_read && !pull())) {
        return TlsStep::closed;
      }
      if (step != TlsStep::want_read) {
        return step;
      }
    }
  }
  // A line with its end; shorter: why_ended().
  std::string line() {
    std::string text;
    char octet = 0;
    while (!text.ends_with('\n')) {
      const auto read = session_.read(in_, {&octet, 1}, out_);
      push();
      if (read.step == TlsStep::done) {
        text += octet;
      } else if (read.step != TlsStep::want_read) {
        ended_ = read.step == TlsStep::closed ? "notify" : session_.error().text;
        break;
      } else if (!pull()) {
        ended_ = "cut";
        break;
      }
    }
    return text;
  }
  bool say(const std::string& text) {
    return session_.write(text, out_) == TlsStep::done && push();
  }
  void bye() {
    session_.close(out_);
    push();
    shutdown(fd_, SHUT_WR);
  }
  [[nodiscard]] const std::string& why_ended() const { return ended_; }
  TlsSession& session() { return session_; }

 private:
  bool push() {
    std::string_view rest = out_;
    while (!rest.empty()) {
      const auto sent = send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return false;
      }
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    out_.clear();
    return true;
  }
  bool pull() {
    pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
    const auto octets =
        poll(&waiting, 1, patience_ms) == 1 ? recv(fd_, buffer_, sizeof buffer_, 0) : -1;
    in_ = {buffer_, octets > 0 ? static_cast<std::size_t>(octets) : 0};
    return octets > 0;
  }

  int fd_;
  TlsSession session_;
  char buffer_[16384]{};
  std::string_view in_;
  std::string out_;
  std::string ended_;
};

std::string facts_line(TlsSession& session) {
  const auto& facts = session.facts();
  return fmt::format("version={}\tcipher={}\tgroup={}\talpn={}\tsni={}\tresumed={}\tverified={}",
                     facts.version, facts.cipher, facts.group, facts.alpn, facts.server_name,
                     facts.is_resumed ? 1 : 0, facts.is_verified ? 1 : 0);
}

std::string dane_line(TlsSession& session, const Options& options) {
  std::vector<dns::Tlsa> records;
  for (const auto& text : options.all("tlsa")) {
    records.push_back(parse_tlsa(text));
  }
  if (records.empty()) {
    return {};
  }
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const auto result = verify_dane(session.peer_chain(), records, options.all("reference"),
                                  WallTime(std::chrono::seconds(now.tv_sec)));
  const char* const verdict = result.verdict == DaneVerdict::matched    ? "matched"
                              : result.verdict == DaneVerdict::no_match ? "no_match"
                                                                        : "unusable";
  return fmt::format("\tdane={}\tdane_text={}", verdict, result.text);
}

// One connection; what it leaves to resume.
std::shared_ptr<const TlsResumption> ask(const TlsContext& context, const Options& options,
                                         const std::shared_ptr<const TlsResumption>& resumption) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const auto address = loopback(static_cast<std::uint16_t>(std::stoi(options.plain.at(1))));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fmt::print("failed=connect\n");
    close(fd);
    return nullptr;
  }
  Wire wire(fd, std::move(*TlsSession::connect(context, options.plain.at(2), resumption)));
  const auto step = wire.shake();
  if (step != TlsStep::done) {
    fmt::print("failed={}\tkind={}\n",
               step == TlsStep::failed ? wire.session().error().text : "cut in the handshake",
               step == TlsStep::failed ? static_cast<int>(wire.session().error().kind) : -1);
    return nullptr;
  }
  std::string answer;
  if (const auto word = options.get("say"); !word.empty()) {
    wire.say(word + "\n");
    answer = wire.line();
  }
  fmt::print("{}{}\tanswer={}\tended={}\n", facts_line(wire.session()),
             dane_line(wire.session(), options), answer.substr(0, answer.find('\n')),
             wire.why_ended());
  auto kept = wire.session().resumption();
  wire.bye();
  return kept;
}

int run_client(const Options& options) {
  TlsClientSettings settings{.alpn = options.all("alpn"), .versions = options.versions()};
  if (const auto bundle = options.get("trust"); !bundle.empty()) {
    settings.trust = *TrustAnchors::load(bundle);
    settings.verify = TlsVerify::require;
  }
  if (const auto certificate = options.get("cert"); !certificate.empty()) {
    settings.identity.push_back(identity(certificate, options.get("key")));
  }
  const auto context = TlsContext::make_client(settings);
  const auto kept = ask(*context, options, nullptr);
  if (!options.get("twice").empty()) {
    fmt::print("kept={}\t", kept ? 1 : 0);
    (void)ask(*context, options, kept);
  }
  return 0;
}

// Answers each line with itself, "QUIT" by closing.
void answer(Wire& wire) {
  if (const auto step = wire.shake(); step != TlsStep::done) {
    fmt::print("failed={}\n", step == TlsStep::failed ? wire.session().error().text : "cut");
    return;
  }
  std::string line;
  do {
    line = wire.line();
  } while (line.ends_with('\n') && line != "QUIT\n" && wire.say(line));
  fmt::print("{}\tended={}\n", facts_line(wire.session()), wire.why_ended());
  wire.bye();
}

int run_server(const Options& options) {
  SystemRandom random;
  const auto keys = std::make_shared<TicketKeys>(random);
  TlsServerSettings settings{.identity = identity(options.plain.at(1), options.plain.at(2)),
                             .alpn = options.all("alpn"),
                             .ticket_keys = keys,
                             .versions = options.versions()};
  for (const auto& pair : options.all("name")) {  // "CERT,KEY"
    const auto comma = pair.find(',');
    settings.by_name.push_back(identity(pair.substr(0, comma), pair.substr(comma + 1)));
  }
  const auto context = TlsContext::make_server(settings);
  if (!context) {
    fmt::print(stderr, "{}\n", context.error().text);
    return 2;
  }
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      listen(listener, 20) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return 2;
  }
  fmt::print("port={}\n", ntohs(address.sin_port));
  std::fflush(stdout);
  while (true) {
    pollfd waiting[] = {{.fd = listener, .events = POLLIN, .revents = 0},
                        {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}};
    if (poll(waiting, 2, -1) < 0) {
      return 2;
    }
    if (waiting[1].revents != 0) {
      std::string command;
      if (!std::getline(std::cin, command)) {
        return 0;
      }
      keys->rotate(random);
      fmt::print("rotated=1\n");
    } else if (const int fd = accept(listener, nullptr, nullptr); fd >= 0) {
      Wire wire(fd, std::move(*TlsSession::accept(*context)));
      answer(wire);
    }
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace postrider::net

int main(int count, char** words) {
  const postrider::net::Options options(count - 1, words + 1);
  const bool is_client = options.plain.size() >= 3 && options.plain[0] == "connect";
  const bool is_server = options.plain.size() >= 3 && options.plain[0] == "serve";
  if (!is_client && !is_server) {
    std::fputs("usage: tls_probe connect PORT NAME | serve CERT KEY\n", stderr);
    return 2;
  }
  return is_client ? postrider::net::run_client(options) : postrider::net::run_server(options);
}
