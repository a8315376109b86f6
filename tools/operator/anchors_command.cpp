#include "anchors_command.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <postrider/base/json.hpp>
#include <postrider/codec/dns/anchor_update.hpp>

namespace postrider::tools {

namespace {

constexpr Duration patience = std::chrono::seconds(30);

// The new file takes the old one's place on disk before it takes its name. Empty: done; else why
// not.
std::string replace_file(const std::filesystem::path& file, const std::string& text) {
  const std::string fresh = file.string() + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) {
    return fmt::format("{}: {}", fresh, std::strerror(errno));
  }
  const bool is_written =
      ::write(fd, text.data(), text.size()) == std::ssize(text) && ::fsync(fd) == 0;
  const bool is_closed = ::close(fd) == 0;
  if (!is_written || !is_closed || ::rename(fresh.c_str(), file.c_str()) != 0) {
    const std::string why = fmt::format("{}: {}", file.string(), std::strerror(errno));
    ::unlink(fresh.c_str());
    return why;
  }
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const int at = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (at >= 0) {
    ::fsync(at);
    ::close(at);
  }
  return {};
}

std::string encode(const AnchorsCommand& command, const std::string& zone,
                   const dns::AnchorUpdate& update, bool is_written) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("zone", zone).member("file", command.file.string());
  json.key("keys").begin_array();
  for (const dns::AnchorKey& key : update.keys) {
    json.begin_object().member("ds", key.ds).member("state", dns::describe(key.state)).end_object();
  }
  json.end_array().member("news", update.has_news()).member("written", is_written).end_object();
  return out + "\n";
}

std::string table(const std::string& zone, const dns::AnchorUpdate& update) {
  Table table({"ZONE", "STATE", "DS"});
  for (const dns::AnchorKey& key : update.keys) {
    table.add({zone, std::string(dns::describe(key.state)), key.ds});
  }
  return table.text();
}

}  // namespace

engine::Task<int> run_anchors_command(AnchorsCommand command, engine::Reactor& reactor,
                                      Terminal terminal) {
  if (command.update && command.file.empty()) {
    terminal.complain(
        "the trust anchors in use are built in: name a file in dns.trust_anchors to update one");
    co_return exit_usage;
  }
  const dns::TrustAnchors present = command.resolver.trust_anchors;
  const dns::WireName zone = present.highest() != nullptr ? *present.highest() : dns::WireName();
  const auto resolver = net::make_resolver(reactor, command.resolver);
  const net::SharedAnswer answer = co_await resolver->lookup(
      zone.text(), dns::RecordType::dnskey, {.deadline = reactor.now() + patience});
  if (answer->status != net::DnsStatus::found || answer->security != net::DnsSecurity::secure) {
    terminal.complain(
        fmt::format("the keys of {} can't be proven ({}): look at the clock and at "
                    "dns.servers; if the anchors are too old, take the ones of "
                    "https://www.iana.org/dnssec/files",
                    zone.shown(), answer->reason));
    co_return exit_no;
  }
  std::vector<std::string> keys;
  for (const dns::Record& record : answer->records) {
    if (const auto* opaque = std::get_if<dns::Opaque>(&record.data)) {
      keys.push_back(opaque->rdata);
    }
  }
  const auto update = dns::update_anchors(present, zone, keys);
  if (!update) {
    terminal.complain(update.error());
    co_return exit_no;
  }
  const bool is_written = command.update && update->has_news();
  if (is_written) {
    const std::string head = "; trust anchors of DNSSEC, by postrider anchors --update\n";
    if (const std::string why = replace_file(command.file, head + update->text); !why.empty()) {
      terminal.complain(fmt::format("{}: check the folder and who may write there", why));
      co_return exit_no;
    }
  }
  if (command.json) {
    terminal.print(encode(command, zone.shown(), *update, is_written));
  } else {
    terminal.print(table(zone.shown(), *update));
    terminal.print(is_written ? fmt::format("{} is written: a server takes it at SIGHUP\n",
                                            command.file.string())
                   : update->has_news() ? "there is news: compare it with "
                                          "https://www.iana.org/dnssec/files, then --update\n"
                                        : "");
  }
  co_return update->has_news() && !is_written ? exit_no : exit_ok;
}

}  // namespace postrider::tools
