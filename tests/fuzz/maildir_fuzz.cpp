// What stands beside the mail of a Maildir (UIDs, keywords, our own names), and the names of its
// files: two Maildirs, one made of the lists alone, are read to their ends.
#include "maildir_source.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <postrider/base/assert.hpp>

using namespace postrider;  // NOLINT: a fuzz target

namespace {

namespace fs = std::filesystem;

fs::path make_folder() {
  std::string name = (fs::temp_directory_path() / "maildir-fuzz-XXXXXX").string();
  check(::mkdtemp(name.data()) != nullptr, "no folder to work in");
  fs::create_directories(fs::path(name) / "cur");
  fs::create_directories(fs::path(name) / "new");
  return name;
}

// Gone when the process ends.
struct Folder {
  fs::path path = make_folder();
  ~Folder() { fs::remove_all(path); }
};

void write(const fs::path& path, std::string_view octets) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << octets;
}

// As a name of a file may be.
std::string name_from(std::string_view octets) {
  std::string name(octets.substr(0, 100));
  std::ranges::replace_if(name, [](char c) { return c == '/' || c == '\0'; }, '_');
  return name.empty() || name.starts_with('.') ? "x" + name : name;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto take = [&rest] {  // a NUL ends each piece
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    const std::string_view piece = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return piece;
  };
  write(folder.path / "dovecot-uidlist", take());
  write(folder.path / "dovecot-keywords", take());
  write(folder.path / "postrider-mailbox", take());
  const fs::path mail = folder.path / "cur" / name_from(take());
  write(mail, rest);
  const auto source = tools::open_maildir(folder.path.string());
  std::size_t count = 0;
  while (const auto found = source->next_folder()) {
    std::uint32_t before = 0;
    while (const auto each = source->next_mail()) {
      check(each->problem.empty(), "a small file that can't be read");
      check(each->octets.size() <= 2 * rest.size(), "more came out than a CR a line");
      check(each->uid == 0 || each->uid >= before, "UIDs that don't ascend");
      before = each->uid;
      ++count;
    }
  }
  check(count == 1, "other mail than there is");
  fs::remove(mail);
  return 0;
}
