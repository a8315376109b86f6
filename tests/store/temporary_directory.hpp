#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <postrider/base/assert.hpp>

namespace postrider::store {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "store-test-XXXXXX").string();
    check(mkdtemp(name.data()) != nullptr, "no temporary directory");
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;  // what is left behind is the system's to clean
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace postrider::store
