#pragma once

#include "app/config.hpp"

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::app {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "postrider-config-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  [[nodiscard]] const fs::path& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
  }

 private:
  fs::path path_;
};

inline constexpr std::string_view minimal =
    "hostname = \"mail.example.org\"\ndata_dir = \"data\"\n";

inline std::string problems(const Result<Config, std::vector<ConfigProblem>>& result) {
  std::string all;
  if (!result) {
    for (const auto& problem : result.error()) {
      all += problem.text() + "\n";
    }
  }
  return all;
}

}  // namespace postrider::app
