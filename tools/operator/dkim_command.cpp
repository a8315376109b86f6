#include "dkim_command.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include <postrider/base/json.hpp>
#include <postrider/base/signing_key.hpp>
#include <postrider/codec/dkim/key_record.hpp>

namespace postrider::tools {

namespace {

// Made new, readable by its owner only, on disk when it returns.
bool write_secret(const std::filesystem::path& file, std::string_view text,
                  const Terminal& terminal) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    terminal.complain(fmt::format("{}: {}: {}", file.string(), std::strerror(errno),
                                  errno == EEXIST ? "keys are never overwritten, name another file"
                                                  : "check the folder and its permissions"));
    return false;
  }
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto written = ::write(fd, rest.data(), rest.size());
    if (written < 0) {
      break;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  const bool sound = rest.empty() && ::fsync(fd) == 0;
  ::close(fd);
  if (!sound) {
    ::unlink(file.c_str());
    terminal.complain(fmt::format("{}: can't be written: is the disk full?", file.string()));
  }
  return sound;
}

struct Published {
  std::string name;
  std::string record;
};

Published publish(const SigningKey& key, std::string_view selector, std::string_view domain) {
  return {dkim::key_record_name(selector, domain),
          dkim::encode_key_record(key.algorithm(), key.encode_public())};
}

void print_record(const Published& published, bool json, const Terminal& terminal) {
  if (!json) {
    terminal.print(dkim::encode_zone_line(published.name, published.record) + "\n");
    return;
  }
  std::string text;
  JsonWriter(text)
      .begin_object()
      .member("name", published.name)
      .member("type", "TXT")
      .member("value", published.record)
      .end_object();
  terminal.print(text + "\n");
}

}  // namespace

int run_dkim_keygen(const DkimKeygen& command, const Terminal& terminal) {
  if (command.algorithm != "rsa" && command.algorithm != "ed25519") {
    terminal.complain(fmt::format("'{}' is no algorithm: use rsa or ed25519", command.algorithm));
    return exit_usage;
  }
  const auto key = command.algorithm == "rsa" ? SigningKey::generate_rsa(command.bits)
                                              : SigningKey::generate_ed25519();
  if (!key) {
    terminal.complain(fmt::format("no key of {} bits: use 2048 or 4096", command.bits));
    return exit_usage;
  }
  if (!write_secret(command.out, key->encode_pem(), terminal)) {
    return exit_no;
  }
  if (!command.json) {
    terminal.print(
        fmt::format("The private key is in {}. Publish this record, then add to the "
                    "configuration:\n\n[[dkim]]\ndomain = \"{}\"\nselector = \"{}\"\n"
                    "key = \"{}\"\n\n",
                    command.out.string(), command.domain, command.selector, command.out.string()));
  }
  print_record(publish(*key, command.selector, command.domain), command.json, terminal);
  return exit_ok;
}

int run_dkim_record(const std::vector<DkimKey>& keys, bool json, const Terminal& terminal) {
  for (const auto& entry : keys) {
    std::ifstream in(entry.key, std::ios::binary);
    std::ostringstream pem;
    if (!in || !(pem << in.rdbuf())) {
      terminal.complain(
          fmt::format("{}: can't be read: check path and permissions", entry.key.string()));
      return exit_no;
    }
    const auto key = SigningKey::parse_pem(pem.view());
    if (!key) {
      terminal.complain(fmt::format("{}: {}: make one with postrider dkim keygen",
                                    entry.key.string(), describe(key.error())));
      return exit_no;
    }
    print_record(publish(*key, entry.selector, entry.domain), json, terminal);
  }
  return exit_ok;
}

}  // namespace postrider::tools
