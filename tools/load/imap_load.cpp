#include "imap_load.hpp"

#include "load_command_line.hpp"

#include <fmt/core.h>
#include <utility>

#include <postrider/base/text.hpp>

namespace postrider::tools {

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    out += c == '"' || c == '\\' ? "\\" : "";
    out += c;
  }
  return out + '"';
}

}  // namespace

std::optional<std::uint64_t> literal_at_end(std::string_view line) {
  if (!line.ends_with('}')) {
    return std::nullopt;
  }
  const std::size_t open = line.rfind('{');
  return open == line.npos ? std::nullopt
                           : parse_decimal(line.substr(open + 1, line.size() - open - 2));
}

ImapLoad::ImapLoad(const LoadSettings& settings, const net::TlsContext& tls,
                   engine::Reactor& reactor, std::uint64_t number)
    : MailboxLoad(settings, tls, reactor, "a0 LOGOUT\r\n"),
      message_(settings, reactor.wall_now()),
      login_(settings.username.empty()
                 ? ""
                 : fmt::format("LOGIN {} {}", quoted(with_number(settings.username, number)),
                               quoted(settings.password))) {}

engine::Task<MailboxLoad::Done> ImapLoad::greet() {
  const auto greeting = co_await link_.line();
  if (!greeting) {
    co_return failure(greeting.error());
  }
  if (!greeting->starts_with("* OK") && !greeting->starts_with("* PREAUTH")) {
    co_return failure(fmt::format("greeting: {}", *greeting));
  }
  if (settings_.tls != LoadTls::starttls) {
    co_return Done();
  }
  auto started = co_await command("STARTTLS");
  if (started) {
    started = co_await link_.start_tls();
  }
  co_return started;
}

engine::Task<MailboxLoad::Done> ImapLoad::log_in() {
  if (login_.empty()) {
    co_return Done();
  }
  co_return co_await command(login_);
}

std::string ImapLoad::made(const std::string& command, LoadId id) {
  std::string text = MailboxLoad::made(command, id);
  if (const std::size_t place = text.find(message_mark); place != text.npos) {
    const std::string_view content = message_.content(id);
    // RFC 7888: not to be waited for.
    text.replace(place, message_mark.size(), fmt::format("{{{}+}}\r\n{}", content.size(), content));
  }
  return text;
}

// Its tag.
std::string ImapLoad::say(std::string text) {
  std::string tag = fmt::format("a{}", ++tags_);
  link_.write(tag + ' ');
  link_.write(text);
  link_.write("\r\n");
  return tag;
}

engine::Task<MailboxLoad::Done> ImapLoad::hear(std::string tag) {
  bool is_within = false;  // a response that a literal has broken
  for (;;) {
    const auto line = co_await link_.line();
    if (!line) {
      co_return failure(line.error());
    }
    if (!is_within && line->starts_with(tag) && line->substr(tag.size()).starts_with(' ')) {
      const std::string_view answer = line->substr(tag.size() + 1);
      co_return answer.starts_with("OK") ? Done() : failure(std::string(answer.substr(0, 200)));
    }
    if (!is_within && line->starts_with("* BYE")) {
      co_return failure(std::string(line->substr(2, 200)));
    }
    const auto literal = literal_at_end(*line);
    is_within = literal.has_value();
    if (literal) {
      if (auto skipped = co_await link_.skip(*literal); !skipped) {
        co_return skipped;
      }
    }
  }
}

}  // namespace postrider::tools
