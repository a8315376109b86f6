#include "sandbox.hpp"

#include "commands.hpp"
#include "sandbox_ports.hpp"
#include "submit.hpp"

#include <array>
#include <cstdlib>
#include <fmt/core.h>
#include <stdexcept>

#include <postrider/base/base64.hpp>
#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/key_record.hpp>

namespace postrider::app {

namespace {

constexpr std::string_view account = "sandbox@example.com";
constexpr std::string_view hostname = "sandbox.localhost";
constexpr Duration check_patience = std::chrono::seconds(30);

std::string random_password() {
  std::array<char, 9> octets;
  SystemRandom().fill(std::as_writable_bytes(std::span(octets)));
  return encode_hex({octets.data(), octets.size()});
}

std::filesystem::path make_temporary_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "postrider-sandbox-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error(fmt::format("{}: can't be made: use --data", name));
  }
  return name;
}

std::string subject_of(std::string_view octets) {
  const auto at = octets.find("Subject: ");
  return at == octets.npos
             ? std::string("(no subject)")
             : quoted_for_log(octets.substr(at + 9, octets.find("\r\n", at) - at - 9), 60);
}

sandbox::SandboxKeys make_keys() {
  auto keys = sandbox::SandboxKeys::generate();
  if (!keys) {
    throw std::runtime_error("no DKIM keys could be made: is memory short?");
  }
  return std::move(*keys);
}

}  // namespace

Sandbox::Sandbox(SandboxCommand command)
    : command_(std::move(command)),
      is_temporary_(command_.data.empty()),
      password_(random_password()),
      keys_(make_keys()) {
  const auto base = find_sandbox_ports(command_.port_base);
  const auto port = [base](int i) { return static_cast<std::uint16_t>(base + i); };
  ports_ = {.submission = port(0),
            .submissions = port(1),
            .inbox = port(2),
            .dns = port(3),
            .pop3 = port(4),
            .imap = port(5)};
  auto identity = net::make_self_signed_identity({"localhost", std::string(hostname)});
  if (!identity) {
    throw std::runtime_error(identity.error().text + ": is memory short?");
  }
  tls_.identity = std::move(*identity);
  folder_ = is_temporary_ ? make_temporary_folder() : std::filesystem::absolute(command_.data);
}

Sandbox::~Sandbox() {
  if (is_temporary_) {
    std::error_code ignored;  // a folder of /tmp that stays is no failure of the sandbox
    std::filesystem::remove_all(folder_, ignored);
  }
}

Config Sandbox::make_config() const {
  Config config;
  config.file = "sandbox";
  config.hostname = hostname;
  config.data_dir = folder_;
  ListenerConfig listener;
  listener.address = {IpAddress::loopback(), ports_.submission};
  listener.plain_auth = true;
  config.listeners.push_back(listener);
  listener.address.port = ports_.submissions;
  listener.tls = ListenerTls::implicit;
  listener.plain_auth = false;
  config.listeners.push_back(listener);
  listener.protocol = Protocol::pop3;
  listener.address.port = ports_.pop3;
  listener.tls = ListenerTls::starttls;
  listener.plain_auth = true;
  config.listeners.push_back(listener);
  listener.protocol = Protocol::imap;
  listener.address.port = ports_.imap;
  config.listeners.push_back(listener);
  config.dns.servers = {{IpAddress::loopback(), ports_.dns}};
  config.dns.dnssec = DnssecMode::off;  // its own responder signs nothing
  config.delivery.port = ports_.inbox;
  config.delivery.ipv6 = false;
  // A developer waits: retries come soon and give up soon.
  config.delivery.retry = {std::chrono::seconds(10), std::chrono::seconds(30),
                           std::chrono::minutes(2)};
  config.delivery.max_age = std::chrono::minutes(15);
  // A catching inbox is read, not lived in.
  config.mailbox.drafts = config.mailbox.sent = config.mailbox.archive = config.mailbox.junk =
      config.mailbox.trash = {};
  config.engine.cores = 1;
  config.engine.pin = false;
  config.limits.min_free_disk = 32ULL << 20;
  return config;
}

ServerHooks Sandbox::make_hooks() {
  ServerHooks hooks;
  hooks.tls = tls_;
  hooks.make_signer = [this](CoreId) {
    return std::make_unique<sandbox::SandboxSigner>(keys_.clone());
  };
  hooks.on_event = [this](const flow::Event& event) { on_event(event); };
  hooks.before_start = [this](engine::Reactor& reactor) { return open_world(reactor); };
  hooks.when_ready = [this](Server& server) { return when_ready(server); };
  hooks.after_stop = [this] { return close_world(); };
  hooks.quiet = true;
  return hooks;
}

int Sandbox::run() {
  Server server(make_config(), make_hooks());
  server_ = &server;
  const int ended = server.run();
  server_ = nullptr;
  return ended != 0 ? ended : code_;
}

engine::Task<void> Sandbox::open_world(engine::Reactor& reactor) {
  reactor_ = &reactor;
  keeping_.emplace(reactor);
  sandbox::DnsResponderSettings settings;
  const auto record = [](const SigningKey& key) {
    return dkim::encode_key_record(key.algorithm(), key.encode_public());
  };
  settings.dkim_selectors = {{std::string(sandbox::rsa_selector), record(keys_.rsa)},
                             {std::string(sandbox::ed25519_selector), record(keys_.ed25519)}};
  auto dns = sandbox::DnsResponder::listen(reactor, {IpAddress::loopback(), ports_.dns}, settings);
  auto listener = reactor.listen({.address = {IpAddress::loopback(), ports_.inbox}});
  auto context = net::TlsContext::make_server(tls_);
  check(dns && listener && context, "the sandbox lost a port that it had found free: start again");
  dns_ = std::move(*dns);
  reactor.spawn(dns_->serve());
  net::ResolverSettings resolver;
  resolver.servers = {{IpAddress::loopback(), ports_.dns}};
  resolver_ = net::make_resolver(reactor, resolver);
  inbox_tls_ = std::move(*context);
  inbox_ = std::make_unique<sandbox::CatchingInbox>(
      reactor, *resolver_, *inbox_tls_, sandbox::CatchingInboxSettings{},
      [this](const sandbox::CaughtMessage& message) { on_caught(message); });
  reactor.spawn(inbox_->serve(std::move(*listener)));
  co_return;
}

engine::Task<void> Sandbox::close_world() {
  constexpr Duration patience = std::chrono::seconds(1);
  if (inbox_) {
    co_await inbox_->stop(reactor_->now() + patience);
    co_await keeping_->drain(reactor_->now() + patience);
  }
  if (dns_) {
    co_await dns_->stop(reactor_->now() + patience);
  }
}

engine::Task<bool> Sandbox::add_account(Server& server) {
  const auto added = co_await server.accounts().add(
      {.name = std::string(account), .password = password_, .tenant = {}, .send_as = {"*"}});
  if (added) {
    co_return true;
  }
  // A folder that was used before: the account is there, its password was not kept.
  const auto set = co_await server.accounts().change(std::string(account),
                                                     {.password = password_,
                                                      .tenant = {},
                                                      .send_as = std::vector<std::string>{"*"},
                                                      .disabled = false});
  if (!set) {
    fmt::print(stderr, "postrider: {}\n", set.error().text);
  }
  co_return set.has_value();
}

engine::Task<void> Sandbox::when_ready(Server& server) {
  if (!co_await add_account(server)) {
    code_ = tools::exit_no;
    co_return;
  }
  greet();
  if (command_.check) {
    co_await check_path(server);
  } else {
    co_await server.serve_until_told();
  }
}

void Sandbox::greet() const {
  if (command_.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("host", "127.0.0.1");
    json.member("submission", static_cast<unsigned>(ports_.submission));
    json.member("submissions", static_cast<unsigned>(ports_.submissions));
    json.member("inbox", static_cast<unsigned>(ports_.inbox));
    json.member("dns", static_cast<unsigned>(ports_.dns));
    json.member("pop3", static_cast<unsigned>(ports_.pop3));
    json.member("imap", static_cast<unsigned>(ports_.imap));
    json.member("user", account).member("password", password_);
    json.member("data", folder_.string()).end_object();
    fmt::print("{}\n", out);
  } else {
    fmt::print(
        "Postrider's sandbox. Nothing leaves this machine: every domain's mail ends in the inbox "
        "here.\n\n"
        "  submission  127.0.0.1:{0}  STARTTLS (AUTH without TLS works too, here only)\n"
        "  submissions 127.0.0.1:{1}  TLS from the start; the certificate is its own\n"
        "  inbox       127.0.0.1:{2}  where delivery brings the mail\n"
        "  DNS         127.0.0.1:{3}  answers every domain\n"
        "  IMAP        127.0.0.1:{8}  shows what the inbox has caught\n"
        "  POP3        127.0.0.1:{7}  likewise\n"
        "  user        {4}\n  password    {5}\n  data        {6}\n\n"
        "Send something:\n\n"
        "  swaks --server 127.0.0.1:{0} -tls --auth-user {4} --auth-password {5} --from "
        "app@example.com --to you@example.org\n\n"
        "  curl -k smtps://127.0.0.1:{1} --user {4}:{5} --mail-from app@example.com --mail-rcpt "
        "you@example.org \\\n"
        "       -T - <<< $'From: app@example.com\\nTo: you@example.org\\nSubject: hello\\n\\nIt "
        "works.'\n\n"
        "  nodemailer.createTransport({{host: '127.0.0.1', port: {0}, auth: {{user: '{4}', pass: "
        "'{5}'}},\n"
        "                              tls: {{rejectUnauthorized: false}}}})\n\n"
        "Read what has arrived:\n\n"
        "  curl 'imap://127.0.0.1:{8}/INBOX;UID=1' --user {4}:{5}\n\n"
        "  bounce@... is refused by the inbox, so that you see a bounce; defer@... is retried.\n\n",
        ports_.submission, ports_.submissions, ports_.inbox, ports_.dns, account, password_,
        folder_.string(), ports_.pop3, ports_.imap);
  }
  std::fflush(stdout);
}

void Sandbox::print(const std::string& line) {
  if (!command_.json) {
    const std::lock_guard hold(output_);
    fmt::print("{}\n", line);
    std::fflush(stdout);
  }
}

void Sandbox::on_event(const flow::Event& event) {
  const auto& took = event.duration;
  const auto who = event.to.empty() ? event.from : event.to;
  std::string stages;
  for (const auto& [name, ms] : {std::pair{"queue", took.queue},
                                 {"dns", took.dns},
                                 {"connect", took.connect},
                                 {"tls", took.tls},
                                 {"transaction", took.transaction}}) {
    if (ms >= 0) {
      stages += fmt::format("{}{} {:.1f} ms", stages.empty() ? "  (" : ", ", name, ms);
    }
  }
  stages += stages.empty() ? "" : ")";
  print(fmt::format(
      "{}  {}  {:<9} {}{}{}", encode_rfc3339(event.time).substr(11, 12), event.id.text(),
      flow::describe(event.kind), who,
      event.code != 0 ? fmt::format("  {} {}", event.code, quoted_for_log(event.text, 60)) : "",
      stages));
}

void Sandbox::on_caught(const sandbox::CaughtMessage& message) {
  std::string signatures;
  bool all_pass = !message.signatures.empty();
  for (const auto& signature : message.signatures) {
    signatures += fmt::format("  DKIM {} {} {}", signature.algorithm, signature.domain,
                              signature.passes ? "verified" : "FAILED: " + signature.reason);
    all_pass = all_pass && signature.passes;
  }
  print(fmt::format("{}  {:13}  caught    {}  \"{}\"  {} octets{}",
                    encode_rfc3339(message.time).substr(11, 12), "",
                    message.recipients.empty() ? "" : message.recipients.front(),
                    subject_of(message.octets), message.octets.size(), signatures));
  if (auto pass = keeping_->enter()) {
    reactor_->spawn(keep(message, std::move(pass)));
  }
  if (caught_ && message.octets.find(awaited_token_) != message.octets.npos) {
    is_verified_ = all_pass && message.signatures.size() == 2 && !message.tls.empty();
    caught_->set();
  }
}

// Into the inbox of the one account there is, so that any mail program shows it.
engine::Task<void> Sandbox::keep(sandbox::CaughtMessage message, engine::Gate::Pass pass) {
  const engine::Gate::Pass inside = std::move(pass);
  auto mail = co_await server_->filing().prepare(SharedOctets(std::move(message.octets)));
  const std::string recipient = message.recipients.empty() ? "" : message.recipients.front();
  const auto filed = co_await server_->filing().file(
      std::move(mail),
      {.account = std::string(account),
       .internal_date = message.time,
       .trace = flow::trace_fields({message.reverse_path, std::string(account), recipient})});
  if (!filed) {
    print(fmt::format("not kept: {}", store::describe(filed.error())));
  }
}

engine::Task<bool> Sandbox::check_one(Server& server, bool implicit_tls, const std::string& token) {
  auto client = net::TlsContext::make_client({});
  if (!client) {
    co_return false;
  }
  awaited_token_ = token;
  is_verified_ = false;
  caught_ = std::make_unique<engine::Event>(server.reactor());
  const auto port = implicit_tls ? ports_.submissions : ports_.submission;
  const auto sent = co_await tools::submit(
      server.reactor(), *client,
      {.server = {IpAddress::loopback(), port},
       .implicit_tls = implicit_tls,
       .server_name = "localhost",
       .username = std::string(account),
       .password = password_,
       .reverse_path = "app@example.com",
       .recipients = {"you@example.org"},
       .octets =
           fmt::format("From: app@example.com\r\nTo: you@example.org\r\nSubject: sandbox check "
                       "over {}\r\n\r\nToken {}\r\n",
                       implicit_tls ? "TLS" : "STARTTLS", token)});
  if (!sent) {
    fmt::print(stderr, "postrider: the check's message was refused: {}\n", sent.error());
    co_return false;
  }
  const auto arrived = co_await caught_->wait({server.reactor().now() + check_patience, {}});
  if (!arrived || !is_verified_) {
    fmt::print(stderr, "postrider: the check's message {}\n",
               arrived ? "arrived without two DKIM signatures that verify, or without TLS"
                       : "did not arrive in 30 s");
  }
  co_return arrived&& is_verified_;
}

engine::Task<void> Sandbox::check_path(Server& server) {
  const bool starttls = co_await check_one(server, false, random_password());
  const bool implicit = co_await check_one(server, true, random_password());
  caught_.reset();
  code_ = starttls && implicit ? tools::exit_ok : tools::exit_no;
  print(
      code_ == tools::exit_ok
          ? "\nThe message arrived over STARTTLS and over TLS, with both DKIM signatures verified."
          : "\nThe check failed.");
}

int run_sandbox(const SandboxCommand& command) {
  return Sandbox(command).run();
}

}  // namespace postrider::app
