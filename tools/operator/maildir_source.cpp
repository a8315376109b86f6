#include "maildir_source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <map>
#include <stdexcept>
#include <sys/stat.h>
#include <unordered_map>

#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>
#include <postrider/codec/imap/mailbox_name.hpp>

namespace postrider::tools {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t keyword_letters = 26;

std::string with_cr(std::string octets) {
  const std::size_t first = octets.find('\n');
  if (first == octets.npos || (first > 0 && octets[first - 1] == '\r')) {
    return octets;
  }
  std::string out;
  out.reserve(octets.size() + octets.size() / 32);
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (octets[i] == '\n' && (i == 0 || octets[i - 1] != '\r')) {
      out += '\r';
    }
    out += octets[i];
  }
  return out;
}

class Maildir final : public MailSource {
 public:
  explicit Maildir(const std::string& path) : root_(path) {
    std::error_code error;
    if (!fs::is_directory(root_ / "cur", error) && !fs::is_directory(root_ / "new", error)) {
      throw std::runtime_error(path + ": no Maildir: name the folder that has cur and new in it");
    }
    std::vector<fs::path> below;
    for (const fs::directory_entry& entry : fs::directory_iterator(root_)) {
      const std::string name = entry.path().filename().string();
      if (name.size() > 1 && name.starts_with('.') && name != ".." &&
          fs::is_directory(entry.path() / "cur", error)) {
        below.push_back(entry.path());
      }
    }
    std::ranges::sort(below);
    folders_.push_back(root_);
    folders_.insert(folders_.end(), below.begin(), below.end());
  }

  std::optional<SourceFolder> next_folder() override {
    if (next_folder_ == folders_.size()) {
      return std::nullopt;
    }
    at_ = folders_[next_folder_++];
    SourceFolder folder{.name = at_ == root_ ? "INBOX" : name_of(at_.filename().string())};
    read_own_name(folder);
    read_keywords();
    folder.uid_validity = read_uids();
    list_files();
    return folder;
  }

  std::optional<SourceMail> next_mail() override {
    if (next_file_ == files_.size()) {
      return std::nullopt;
    }
    const File& file = files_[next_file_++];
    SourceMail mail{.uid = file.uid};
    const fs::path path = at_ / (file.is_new ? "new" : "cur") / file.name;
    mail.place = path.string();
    read_name(file.name, mail);
    struct stat facts{};
    if (::stat(path.c_str(), &facts) != 0) {
      mail.problem = std::strerror(errno);
      return mail;
    }
    mail.date_ns = date_of_seconds(facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec);
    if (!S_ISREG(facts.st_mode)) {
      mail.problem = "no file";
    } else if (static_cast<std::uint64_t>(facts.st_size) > import_octets_max) {
      mail.problem = "larger than the 200 MiB that a message may have";
    } else {
      read_file(path, static_cast<std::size_t>(facts.st_size), mail);
    }
    return mail;
  }

 private:
  struct File {
    std::string name;
    std::uint32_t uid = 0;
    bool is_new = false;
  };

  static void read_file(const fs::path& path, std::size_t size, SourceMail& mail) {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::string octets(size, '\0');
    if (!in || !in.read(octets.data(), static_cast<std::streamsize>(size))) {
      mail.problem = errno != 0 ? std::strerror(errno) : "it changed while it was read";
      return;
    }
    mail.octets = with_cr(std::move(octets));
  }

  static std::string name_of(std::string_view folder) {
    std::string name(folder.substr(1));
    std::ranges::replace(name, '.', '/');
    if (const auto decoded = imap::decode_modified_utf7(name)) {
      return *decoded;
    }
    return name;  // who writes UTF-8 as it is
  }

  // What `mailbox export` writes beside a folder whose name can't hold all.
  void read_own_name(SourceFolder& folder) const {
    std::ifstream in(at_ / "postrider-mailbox");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("name ")) {
        folder.name = line.substr(5);
      } else if (line.starts_with("use ")) {
        folder.special_use = line.substr(4);
      }
    }
  }

  // "0 $Label1"
  void read_keywords() {
    keywords_.clear();
    std::ifstream in(at_ / "dovecot-keywords");
    for (std::string line; std::getline(in, line);) {
      const std::size_t blank = line.find(' ');
      const auto number = parse_decimal(std::string_view(line).substr(0, blank));
      if (blank != line.npos && number && *number < keyword_letters) {
        keywords_[static_cast<char>('a' + *number)] = line.substr(blank + 1);
      }
    }
  }

  // "3 V1275660208 N25022 G...", then "25006 W2334 :1276528487.M364837P9451.host"
  std::uint32_t read_uids() {
    uids_.clear();
    std::ifstream in(at_ / "dovecot-uidlist");
    std::string line;
    std::uint32_t validity = 0;
    if (!std::getline(in, line)) {
      return 0;
    }
    if (const std::size_t at = line.find(" V"); line.starts_with("3 ") && at != line.npos) {
      validity = number_in(std::string_view(line).substr(at + 2));
    }
    while (validity != 0 && std::getline(in, line)) {
      const std::size_t colon = line.find(" :");
      const std::uint32_t uid = number_in(line);
      if (colon != line.npos && uid != 0) {
        uids_.emplace(line.substr(colon + 2), uid);
      }
    }
    return validity;
  }

  static std::uint32_t number_in(std::string_view text) {
    const auto number = parse_decimal(text.substr(0, text.find(' ')));
    return number && *number <= UINT32_MAX ? static_cast<std::uint32_t>(*number) : 0;
  }

  void list_files() {
    files_.clear();
    next_file_ = 0;
    for (const bool is_new : {false, true}) {
      std::error_code error;
      for (const fs::directory_entry& entry :
           fs::directory_iterator(at_ / (is_new ? "new" : "cur"), error)) {
        std::string name = entry.path().filename().string();
        if (name.starts_with('.')) {
          continue;
        }
        const auto uid = uids_.find(name.substr(0, name.find(':')));
        files_.push_back({std::move(name), uid == uids_.end() ? 0 : uid->second, is_new});
      }
    }
    // Those without a UID come behind, in the order of their names, which begin with a time.
    std::ranges::sort(files_, [](const File& a, const File& b) {
      return std::pair(a.uid == 0, a.uid) != std::pair(b.uid == 0, b.uid)
                 ? std::pair(a.uid == 0, a.uid) < std::pair(b.uid == 0, b.uid)
                 : a.name < b.name;
    });
  }

  void read_name(std::string_view name, SourceMail& mail) const {
    const std::size_t info = name.rfind(":2,");
    for (const char letter : info == name.npos ? std::string_view() : name.substr(info + 3)) {
      if (std::string_view("FRSTD").contains(letter)) {
        mail.flags += letter;
      } else if (letter == 'P') {
        mail.keywords.emplace_back("$Forwarded");
      } else if (const auto keyword = keywords_.find(letter); keyword != keywords_.end()) {
        mail.keywords.push_back(keyword->second);
      }
    }
  }

  fs::path root_;
  std::vector<fs::path> folders_;
  std::size_t next_folder_ = 0;
  fs::path at_;
  std::map<char, std::string> keywords_;
  std::unordered_map<std::string, std::uint32_t> uids_;
  std::vector<File> files_;
  std::size_t next_file_ = 0;
};

}  // namespace

std::unique_ptr<MailSource> open_maildir(const std::string& path) {
  return std::make_unique<Maildir>(path);
}

}  // namespace postrider::tools
