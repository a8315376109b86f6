#include "load_command_line.hpp"

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace postrider::app {

namespace {

using OnNamed = std::function<void(Command)>;

CLI::Validator is_duration() {
  return CLI::Validator(
      [](std::string& text) {
        const auto duration = parse_duration(text);
        if (!duration) {
          return "\"" + text + "\" is no duration such as 250ms or 5s";
        }
        text = std::to_string(duration->count());
        return std::string();
      },
      "DURATION");
}
void add_duration(CLI::App& sub, const char* name, Duration& value, const char* text) {
  sub.add_option_function<std::int64_t>(
         name, [&value](const std::int64_t& ns) { value = Duration(ns); }, text)
      ->transform(is_duration());
}
void add_address(CLI::App& sub, SocketAddress& address, std::uint16_t port) {
  address = {*IpAddress::parse("127.0.0.1"), port};
  sub.add_option_function<std::string>(
         "--address", [&address](const std::string& text) { address.ip = *IpAddress::parse(text); },
         "IP address (default: 127.0.0.1)")
      ->check([](const std::string& text) {
        return IpAddress::parse(text) ? std::string() : "\"" + text + "\" is no IP address";
      });
  sub.add_option("--port", address.port, "Port")->capture_default_str();
}

void add_load_protocol(CLI::App& load, tools::LoadSettings& settings) {
  const std::map<std::string, tools::LoadProtocol> protocols = {
      {"smtp", tools::LoadProtocol::smtp},
      {"lmtp", tools::LoadProtocol::lmtp},
      {"imap", tools::LoadProtocol::imap},
      {"pop3", tools::LoadProtocol::pop3}};
  load.add_option("--protocol", settings.protocol, "smtp, lmtp, imap or pop3 (default: smtp)")
      ->transform(CLI::CheckedTransformer(protocols));
  load.add_option("--first", settings.first,
                  "imap, pop3: a command at the begin of each connection (again for more)");
  load.add_option(
      "--command", settings.commands,
      "imap, pop3: a command of each operation, of which --messages are measured (again "
      "for more); {n}: its number, {message}: a message of --size as a literal");
  load.add_flag("--pipelined", settings.pipelined,
                "imap, pop3: send the commands of an operation together, then read the answers");
}

void add_load_security(CLI::App& load, tools::LoadSettings& settings, std::string& login) {
  auto* starttls = load.add_flag_callback(
      "--starttls", [&settings] { settings.tls = tools::LoadTls::starttls; }, "STARTTLS");
  load.add_flag_callback(
          "--tls", [&settings] { settings.tls = tools::LoadTls::implicit; },
          "TLS from the first octet")
      ->excludes(starttls);
  load.add_option("--auth", login,
                  "USER:PASSWORD for AUTH PLAIN (of a test account: others see it)")
      ->check([](const std::string& text) {
        return text.find(':') != text.npos ? std::string() : "USER:PASSWORD is wanted";
      });
}

void add_load(CLI::App& app, const OnNamed& on_named) {
  auto& load =
      *app.add_subcommand("load", "Send measured load to a server: SMTP, LMTP, IMAP or POP3");
  const auto login = std::make_shared<std::string>();
  const auto run = std::make_shared<std::string>();
  const auto settings = std::make_shared<tools::LoadSettings>();
  load.callback([settings, login, run, on_named] {
    const auto colon = login->find(':');
    settings->username = login->substr(0, colon);
    settings->password = colon == login->npos ? "" : login->substr(colon + 1);
    if (!run->empty()) {
      settings->run = std::stoull(*run, nullptr, 16);
    }
    on_named(*settings);
  });
  add_address(load, settings->server, 25);
  add_load_protocol(load, *settings);
  load.add_option("--sessions", settings->sessions, "Connections at a time")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
  load.add_option("--messages", settings->messages, "How many in all")->capture_default_str();
  load.add_option("--per-connection", settings->per_connection,
                  "Messages a connection; 0: as many as there are")
      ->capture_default_str();
  load.add_option("--size", settings->size_octets, "Octets of a message")
      ->check(CLI::Range(1, 1 << 30))
      ->capture_default_str();
  load.add_option("--recipients", settings->recipients, "Recipients of a message")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  load.add_option("--domains", settings->domains, "Spread them over so many domains")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  load.add_option("--domain", settings->domain, "Domain of recipients")->capture_default_str();
  load.add_option("--from", settings->reverse_path, "Sender")->capture_default_str();
  load.add_option("--rate", settings->rate,
                  "Messages a second, whatever the server does (open loop)")
      ->check(CLI::PositiveNumber);
  add_load_security(load, *settings, *login);
  add_duration(load, "--timeout", settings->patience, "For each answer (default: 1m)");
  load.add_option("--run", *run, "Run id of the X-Load-Id fields: up to 16 hexadecimal digits")
      ->check([](const std::string& text) {
        const bool sound = text.size() <= 16 && !text.empty() &&
                           text.find_first_not_of("0123456789abcdefABCDEF") == text.npos;
        return sound ? std::string() : "\"" + text + "\" is no run id";
      });
  load.add_flag("--quiet", settings->quiet, "No progress on standard error");
  load.add_flag("--json", settings->json, "Answer as JSON");
}

void add_sink(CLI::App& app, const OnNamed& on_named) {
  auto& sink = *app.add_subcommand("sink", "Receive mail, count it by id, forget it");
  const auto settings = std::make_shared<tools::SinkSettings>();
  sink.callback([settings, on_named] { on_named(*settings); });
  add_address(sink, settings->address, 2525);
  sink.get_option("--port")->description("Port; 0: a free one, which is printed");
  add_duration(sink, "--latency", settings->latency, "Wait before answering a message");
  add_duration(sink, "--tarpit", settings->tarpit, "Wait before each octet that is answered");
  sink.add_option("--fail", settings->accept_most, "Answer 451 after so many messages");
  sink.add_option("--drop", settings->drop_every,
                  "Break off each so-manyth message without an answer (1: all)")
      ->expected(0, 1)
      ->default_str("1");
  auto* starttls = sink.add_flag("--tls", settings->starttls,
                                 "Offer STARTTLS, with a certificate signed by itself");
  sink.add_flag("--implicit-tls", settings->implicit_tls, "TLS from the first octet")
      ->excludes(starttls);
  sink.add_option("--expect", settings->expect, "End after so many distinct deliveries");
  sink.add_flag("--quiet", settings->quiet, "No progress on standard error");
  sink.add_flag("--json", settings->json, "Answer as JSON");
}

}  // namespace

void add_load_commands(CLI::App& app, std::function<void(Command)> on_named) {
  add_load(app, on_named);
  add_sink(app, on_named);
}

}  // namespace postrider::app
