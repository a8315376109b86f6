#include "top_command.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <optional>
#include <simdjson.h>
#include <unistd.h>
#include <vector>

namespace postrider::tools {

namespace {

using simdjson::dom::element;

constexpr std::size_t sites_shown = 20;

std::int64_t number_of(const element& object, std::string_view pointer) {
  std::int64_t number = 0;
  return object.at_pointer(pointer).get(number) == simdjson::SUCCESS ? number : 0;
}

std::string text_of(const element& object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

struct Counts {
  std::int64_t committed = 0, delivered = 0, deferred = 0, failed = 0;
};

Counts counts_of(const element& status) {
  return {number_of(status, "/queue/committed"), number_of(status, "/delivery/delivered"),
          number_of(status, "/delivery/deferred"), number_of(status, "/delivery/failed")};
}

std::string sites_table(const element& status) {
  std::vector<element> sites;
  simdjson::dom::array list;
  if (status.at_pointer("/delivery/sites").get(list) == simdjson::SUCCESS) {
    sites.assign(list.begin(), list.end());
  }
  std::ranges::sort(sites, std::ranges::greater{}, [](const element& site) {
    return number_of(site, "/queued") + number_of(site, "/active");
  });
  Table table({"SITE", "QUEUED", "ACTIVE", "IDLE", "LIMIT", "DELIVERED", "SUSPENDED UNTIL",
               "LAST FAILURE"});
  for (std::size_t i = 0; i < std::min(sites.size(), sites_shown); ++i) {
    const auto& site = sites[i];
    table.add({text_of(site, "site").substr(0, 40), std::to_string(number_of(site, "/queued")),
               std::to_string(number_of(site, "/active")), std::to_string(number_of(site, "/idle")),
               std::to_string(number_of(site, "/limit")),
               std::to_string(number_of(site, "/delivered")), text_of(site, "suspended_until"),
               text_of(site, "last_failure").substr(0, 60)});
  }
  return table.is_empty() ? "" : "\n" + table.text();
}

// What the operator should know of DNS without asking.
std::string dns_line(const element& status) {
  std::string_view path;
  std::string_view why;
  if (status.at_pointer("/dns/path").get(path) != simdjson::SUCCESS ||
      status.at_pointer("/dns/why").get(why) != simdjson::SUCCESS) {
    return "";  // of another version, or no server runs
  }
  std::string out =
      fmt::format("dns: lookups {}   queries {}   timeouts {}   bogus {}   not validated {}\n",
                  number_of(status, "/dns/lookups"), number_of(status, "/dns/queries"),
                  number_of(status, "/dns/timeouts"), number_of(status, "/dns/bogus"),
                  number_of(status, "/dns/unvalidated"));
  if (path == "stripped" || path == "untrusted") {
    out += fmt::format("WARNING: DNSSEC {}: {}\n", path, why);
  }
  return out;
}

std::string view(const element& status, const Counts& before, const Counts& now) {
  return fmt::format(
      "postrider {}   queued {}   active {}   connections {}\n"
      "per second: accepted {}   delivered {}   deferred {}   failed {}\n{}{}",
      text_of(status, "version"), number_of(status, "/queue/messages_open"),
      number_of(status, "/delivery/active"), number_of(status, "/delivery/connections"),
      now.committed - before.committed, now.delivered - before.delivered,
      now.deferred - before.deferred, now.failed - before.failed, dns_line(status),
      sites_table(status));
}

}  // namespace

int run_top_command(const TopCommand& command, ControlTransport& control,
                    const Terminal& terminal) {
  std::optional<Counts> before;
  simdjson::dom::parser parser;
  for (;;) {
    const auto response = control.call({"GET", "/v1/status", {}, {}, true});
    if (const int failed = report_failure(response, terminal); failed != exit_ok) {
      return failed;
    }
    const simdjson::padded_string padded(response.body);
    element status;
    if (parser.parse(padded).get(status) != simdjson::SUCCESS) {
      terminal.complain("the server's answer is no JSON: are program and server of one version?");
      return exit_no;
    }
    const auto now = counts_of(status);
    const bool clear = !command.once && !command.json && ::isatty(::fileno(terminal.out)) == 1;
    terminal.print(clear ? "\x1b[H\x1b[2J" : "");
    terminal.print(command.json ? response.body : view(status, before.value_or(now), now));
    std::fflush(terminal.out);
    if (command.once) {
      return exit_ok;
    }
    before = now;
    ::sleep(1);
  }
}

}  // namespace postrider::tools
