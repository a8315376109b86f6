#pragma once

#include "answer.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace postrider::tools {

struct DkimKeygen {
  std::string domain;
  std::string selector;
  std::string algorithm = "rsa";  // "rsa", "ed25519"
  unsigned bits = 2048;
  std::filesystem::path out;  // made with mode 0600; never overwritten
  bool json = false;
};

struct DkimKey {
  std::string domain;
  std::string selector;
  std::filesystem::path key;
};

// Makes a key, then prints the record to publish.
[[nodiscard]] int run_dkim_keygen(const DkimKeygen& command, const Terminal& terminal);
// The DNS records of keys that exist.
[[nodiscard]] int run_dkim_record(const std::vector<DkimKey>& keys, bool json,
                                  const Terminal& terminal);

}  // namespace postrider::tools
