#include <benchmark/benchmark.h>
#include <string>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/base/random.hpp>
#include <postrider/codec/smtp/data_framer.hpp>
#include <postrider/codec/smtp/line_framer.hpp>
#include <postrider/codec/smtp/path.hpp>
#include <postrider/codec/smtp/reply_parser.hpp>
#include <postrider/codec/smtp/server_session.hpp>

namespace postrider::smtp {
namespace {

constexpr std::string_view envelope_commands =
    "MAIL FROM:<bounce+12345@example.org> SIZE=4096 BODY=8BITMIME\r\n"
    "RCPT TO:<ben@example.net>\r\nDATA\r\n";

std::string body_of(std::size_t octets) {
  std::string body;
  while (body.size() < octets) {
    body += "Someone asked for a new password for this account. Follow the link if it was you.\r\n";
  }
  return body;
}

void frame_lines_of_an_envelope(benchmark::State& state) {
  LineFramer framer(1024);
  for (auto _ : state) {
    auto input = envelope_commands;
    while (const auto line = framer.next(input)) {
      benchmark::DoNotOptimize(line->text);
    }
  }
  state.SetItemsProcessed(state.iterations() * 3);
}
BENCHMARK(frame_lines_of_an_envelope);

// A message as it comes from a socket, in pieces of 16 KiB.
void frame_data(benchmark::State& state) {
  const std::string content = body_of(static_cast<std::size_t>(state.range(0))) + ".\r\n";
  constexpr std::size_t piece_octets = 16 * 1024;
  for (auto _ : state) {
    DataFramer framer;
    for (std::size_t at = 0; at < content.size(); at += piece_octets) {
      auto input = std::string_view(content).substr(at, piece_octets);
      while (framer.next(input).kind == DataFramer::Piece::Kind::octets) {
      }
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(content.size()));
}
BENCHMARK(frame_data)->Arg(4 << 10)->Arg(100 << 10);

void parse_recipient(benchmark::State& state) {
  for (auto _ : state) {
    std::string_view text = "<ben.example+tag@mail.example.net> NOTIFY=NEVER";
    benchmark::DoNotOptimize(parse_path(text, PathRole::recipient));
  }
}
BENCHMARK(parse_recipient);

void parse_replies_of_an_envelope(benchmark::State& state) {
  ReplyParser parser;
  for (auto _ : state) {
    std::string_view replies = "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>\r\n";
    while (!replies.empty()) {
      benchmark::DoNotOptimize(parser.feed(replies));
    }
  }
  state.SetItemsProcessed(state.iterations() * 3);
}
BENCHMARK(parse_replies_of_an_envelope);

// One whole message through the server's state machine, its driver's answers included.
void session_of_one_message(benchmark::State& state) {
  ServerRules rules;
  rules.hostname = "mail.example.org";
  rules.messages_max = ~0U;
  SeededRandom random(1);
  ServerSession session(rules, {.trusted = true, .tls = false, .bindings = {}}, random);
  std::string out;
  session.start(out);
  std::string_view hello = "EHLO load.localhost\r\n";
  check(session.next(hello, out) == ServerStep::read, "EHLO is answered");
  const std::string message =
      std::string(envelope_commands) + body_of(static_cast<std::size_t>(state.range(0))) + ".\r\n";
  std::uint64_t committed = 0;
  for (auto _ : state) {
    out.clear();
    std::string_view input = message;
    for (bool over = false; !over;) {
      switch (session.next(input, out)) {
        case ServerStep::check_sender:
          session.on_sender_checked({}, out);
          break;
        case ServerStep::check_recipient:
          session.on_recipient_checked({}, out);
          break;
        case ServerStep::open_message:
          session.on_opened({}, input, out);
          break;
        case ServerStep::append_body:
          benchmark::DoNotOptimize(session.body());
          break;
        case ServerStep::commit:
          session.on_committed("0123456789ABC", out);
          ++committed;
          break;
        default:
          over = true;
      }
    }
  }
  check(committed == static_cast<std::uint64_t>(state.iterations()), "each message is committed");
}
BENCHMARK(session_of_one_message)->Arg(4 << 10)->Arg(100 << 10);

}  // namespace
}  // namespace postrider::smtp

BENCHMARK_MAIN();
