#include "mailbox_export.hpp"

#include "answer_json.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <simdjson.h>
#include <stdexcept>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include <postrider/base/result.hpp>

namespace postrider::tools {

namespace {

using simdjson::dom::array;
using simdjson::dom::element;

struct ExportedMail {
  std::uint64_t uid = 0;
  std::uint64_t bytes = 0;
  std::int64_t date_ns = 0;  // since 1970
  std::string flags;         // of Maildir: "FRST"
  std::vector<std::string> keywords;
};

struct ExportedMailbox {
  std::uint64_t id = 0;
  std::string name;
  std::string special_use;
  std::uint64_t uid_validity = 0;
  std::uint64_t uid_next = 0;
};

// Where messages are put, one after another.
class Target {
 public:
  virtual ~Target() = default;
  virtual void open_mailbox(const ExportedMailbox& mailbox) = 0;
  virtual void close_mailbox() {}
  virtual void begin(const ExportedMail& mail) = 0;
  virtual void add(std::string_view octets) = 0;
  virtual void end() = 0;
};

[[noreturn]] void cant_write(const std::filesystem::path& path) {
  throw std::runtime_error(
      fmt::format("{}: can't be written: check the disk and its permissions", path.string()));
}

// Maildir++: folders beside the inbox as ".Name.Sub", in modified form where a name holds a dot.
// What it has no place for stands where Dovecot has it (dovecot-uidlist, dovecot-keywords), and the
// name and use of a folder in postrider-mailbox.
class Maildir final : public Target {
 public:
  explicit Maildir(std::filesystem::path root) : root_(std::move(root)) {}

  void open_mailbox(const ExportedMailbox& mailbox) override {
    std::string folder;
    for (const char c : mailbox.name) {
      folder += c == '.' || c == '\0' ? '_' : c == '/' ? '.' : c;
    }
    at_ = mailbox.name == "INBOX" ? root_ : root_ / ("." + folder);
    for (const char* part : {"cur", "new", "tmp"}) {
      std::filesystem::create_directories(at_ / part);
    }
    if (!std::filesystem::is_empty(at_ / "cur")) {
      throw std::runtime_error(at_.string() + ": holds mail already: name an empty folder");
    }
    keywords_.clear();
    std::ofstream about(at_ / "postrider-mailbox", std::ios::trunc);
    about << "name " << mailbox.name << "\n";
    about << (mailbox.special_use.empty() ? "" : "use " + mailbox.special_use + "\n");
    uids_.open(at_ / "dovecot-uidlist", std::ios::trunc);
    uids_ << fmt::format("3 V{} N{}\n", mailbox.uid_validity, mailbox.uid_next);
    if (!about.flush() || !uids_) {
      cant_write(at_);
    }
  }
  void close_mailbox() override {
    uids_.close();
    std::ofstream names(at_ / "dovecot-keywords", std::ios::trunc);
    for (std::size_t i = 0; i < keywords_.size(); ++i) {
      names << i << " " << keywords_[i] << "\n";
    }
    if (!names.flush() || !uids_) {
      cant_write(at_);
    }
  }
  void begin(const ExportedMail& mail) override {
    name_ = fmt::format("{}.postrider,S={}", mail.uid, mail.bytes);
    flags_ = mail.flags;
    for (const std::string& keyword : mail.keywords) {
      flags_ += letter_of(keyword);
    }
    mail_ = mail;
    file_.open(at_ / "tmp" / name_, std::ios::binary | std::ios::trunc);
  }
  void add(std::string_view octets) override {
    file_.write(octets.data(), static_cast<std::streamsize>(octets.size()));
  }
  void end() override {
    file_.close();
    if (!file_) {
      cant_write(at_ / "tmp" / name_);
    }
    constexpr std::int64_t second = 1'000'000'000;
    const auto floor = mail_.date_ns / second - (mail_.date_ns % second < 0 ? 1 : 0);
    const timespec date{.tv_sec = floor, .tv_nsec = mail_.date_ns - floor * second};
    const timespec dates[] = {date, date};
    // (void): where the file's time can't be set, it is the time of the export.
    (void)::utimensat(AT_FDCWD, (at_ / "tmp" / name_).c_str(), dates, 0);
    std::filesystem::rename(at_ / "tmp" / name_, at_ / "cur" / (name_ + ":2," + flags_));
    uids_ << mail_.uid << " :" << name_ << "\n";
  }

 private:
  // Names of files have a letter for each of 26; what there is more is left out.
  std::string letter_of(const std::string& keyword) {
    constexpr std::size_t letters = 26;
    const auto known = std::ranges::find(keywords_, keyword);
    const auto at = static_cast<std::size_t>(known - keywords_.begin());
    if (known == keywords_.end() && at < letters) {
      keywords_.push_back(keyword);
    }
    return at < letters ? std::string(1, static_cast<char>('a' + at)) : std::string();
  }

  std::filesystem::path root_;
  std::filesystem::path at_;
  std::string name_;
  std::string flags_;
  ExportedMail mail_;
  std::vector<std::string> keywords_;  // by letter
  std::ofstream uids_;
  std::ofstream file_;
};

// mboxrd: ">" before each line that begins with ">*From ", line ends of the machine. Flags and UIDs
// end each header as mail programs have them; the UIDs can be kept if it is one mailbox.
class Mbox final : public Target {
 public:
  Mbox(const std::string& path, bool is_one) : path_(path), is_one_(is_one) {
    if (path != "-") {
      file_.open(path, std::ios::binary | std::ios::trunc);
      out_ = &file_;
    }
  }
  void open_mailbox(const ExportedMailbox& mailbox) override {
    base_ = is_one_ ? fmt::format("X-IMAPbase: {} {}\n", mailbox.uid_validity, mailbox.uid_next - 1)
                    : std::string();
  }
  void begin(const ExportedMail& mail) override {
    const std::time_t seconds = mail.date_ns / 1'000'000'000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 64> date{};
    std::strftime(date.data(), date.size(), "%a %b %e %H:%M:%S %Y", &parts);
    *out_ << "From postrider " << date.data() << "\n";
    rest_.clear();
    marks_ = marks_of(mail);
  }
  void add(std::string_view octets) override {
    rest_ += octets;
    std::size_t at = 0;
    for (std::size_t end = rest_.find('\n'); end != rest_.npos; end = rest_.find('\n', at)) {
      write_line(std::string_view(rest_).substr(at, end - at));
      at = end + 1;
    }
    rest_.erase(0, at);
  }
  void end() override {
    if (!rest_.empty()) {
      write_line(std::exchange(rest_, {}));
    }
    *out_ << std::exchange(marks_, {}) << "\n";
    out_->flush();
    if (!*out_) {
      cant_write(path_);
    }
  }

 private:
  // The importer takes away what follows the last X-UID.
  std::string marks_of(const ExportedMail& mail) {
    const auto has = [&mail](char letter) { return mail.flags.contains(letter); };
    std::string out = fmt::format("X-UID: {}\n", mail.uid) + std::exchange(base_, {});
    out += has('S') ? "Status: RO\n" : "Status: O\n";
    out += fmt::format("X-Status: {}{}{}{}\n", has('R') ? "A" : "", has('F') ? "F" : "",
                       has('T') ? "D" : "", has('D') ? "T" : "");
    std::string keywords;
    for (const std::string& keyword : mail.keywords) {
      keywords += " " + keyword;
    }
    return out + (keywords.empty() ? "" : "X-Keywords:" + keywords + "\n");
  }

  void write_line(std::string_view line) {
    line.remove_suffix(line.ends_with('\r') ? 1 : 0);
    if (line.empty()) {
      *out_ << std::exchange(marks_, {});  // the header ends
    }
    const std::size_t quotes = std::min(line.find_first_not_of('>'), line.size());
    *out_ << (line.substr(quotes).starts_with("From ") ? ">" : "") << line << "\n";
  }
  std::string path_;
  bool is_one_;
  std::string base_;   // for the first message
  std::string marks_;  // until the header has ended
  std::ofstream file_;
  std::ostream* out_ = &std::cout;
  std::string rest_;
};

void read_flags(const element& mail, ExportedMail& exported) {
  std::string out;
  array flags;
  if (mail["flags"].get(flags) == simdjson::SUCCESS) {
    for (const element flag : flags) {
      const std::string_view name(flag);
      if (!name.starts_with('\\')) {
        exported.keywords.emplace_back(name);
      }
      out += name == "\\Draft"      ? "D"
             : name == "\\Flagged"  ? "F"
             : name == "\\Answered" ? "R"
             : name == "\\Seen"     ? "S"
             : name == "\\Deleted"  ? "T"
                                    : "";
    }
  }
  std::ranges::sort(out);
  exported.flags = std::move(out);
}

http::Response ask(ControlTransport& control, std::string target) {
  return control.call({"GET", std::move(target), {}, {}, true});
}

struct Export {
  ControlTransport& control;
  const Terminal& terminal;
  Target& target;
  std::string path;  // of the account
  std::uint64_t messages = 0;
  std::uint64_t mailbox = 0;
};

std::optional<ExportedMailbox> read_mailbox(const element& mailbox) {
  ExportedMailbox out;
  std::string_view name;
  if (mailbox["name"].get(name) != simdjson::SUCCESS ||
      mailbox["id"].get(out.id) != simdjson::SUCCESS ||
      mailbox["uid_validity"].get(out.uid_validity) != simdjson::SUCCESS ||
      mailbox["uid_next"].get(out.uid_next) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  out.name = name;
  out.special_use = text_of(mailbox, "special_use");
  return out;
}

int export_message(Export& job, const ExportedMail& mail) {
  job.target.begin(mail);
  for (std::uint64_t at = 0; at < mail.bytes;) {
    const auto piece = ask(job.control, fmt::format("{}/message?mailbox={}&uid={}&offset={}",
                                                    job.path, job.mailbox, mail.uid, at));
    if (const int failed = report_failure(piece, job.terminal); failed != exit_ok) {
      return failed;
    }
    if (piece.body.empty()) {
      job.terminal.complain(fmt::format("message {} ends early: run `mailbox verify`", mail.uid));
      return exit_no;
    }
    job.target.add(piece.body);
    at += piece.body.size();
  }
  job.target.end();
  ++job.messages;
  return exit_ok;
}

// One slice of a mailbox; empty: there is no more.
Result<std::vector<ExportedMail>, int> read_slice(Export& job, std::uint64_t after) {
  const auto response = ask(
      job.control, fmt::format("{}/messages?mailbox={}&after={}", job.path, job.mailbox, after));
  if (const int failed = report_failure(response, job.terminal); failed != exit_ok) {
    return failure(failed);
  }
  simdjson::dom::parser parser;
  element answer;
  array messages;
  std::vector<ExportedMail> out;
  if (parser.parse(simdjson::padded_string(response.body)).get(answer) != simdjson::SUCCESS ||
      answer["messages"].get(messages) != simdjson::SUCCESS) {
    job.terminal.complain("the server's answer is no JSON: are program and server of one version?");
    return failure(exit_no);
  }
  for (const element message : messages) {
    ExportedMail mail;
    if (message["uid"].get(mail.uid) == simdjson::SUCCESS &&
        message["bytes"].get(mail.bytes) == simdjson::SUCCESS &&
        message["date_ns"].get(mail.date_ns) == simdjson::SUCCESS) {
      read_flags(message, mail);
      out.push_back(std::move(mail));
    }
  }
  return out;
}

int export_mailbox(Export& job) {
  std::uint64_t after = 0;
  for (;;) {
    const auto slice = read_slice(job, after);
    if (!slice) {
      return slice.error();
    }
    if (slice->empty()) {
      return exit_ok;
    }
    for (const ExportedMail& mail : *slice) {
      if (const int failed = export_message(job, mail); failed != exit_ok) {
        return failed;
      }
      after = mail.uid;
    }
  }
}

}  // namespace

int export_mailboxes(const MailboxCommand& command, ControlTransport& control,
                     const Terminal& terminal) {
  if (command.maildir.empty() == command.mbox.empty()) {
    terminal.complain("mailbox export: name --maildir or --mbox");
    return exit_usage;
  }
  std::unique_ptr<Target> target;
  if (command.mbox.empty()) {
    target = std::make_unique<Maildir>(command.maildir);
  } else {
    target = std::make_unique<Mbox>(command.mbox, !command.mailbox.empty());
  }
  Export job{control, terminal, *target, "/v1/mailboxes/" + http::encode_percent(command.account)};
  const auto response = ask(control, job.path);
  if (const int failed = report_failure(response, terminal); failed != exit_ok) {
    return failed;
  }
  simdjson::dom::parser parser;
  element answer;
  array mailboxes;
  if (parser.parse(simdjson::padded_string(response.body)).get(answer) != simdjson::SUCCESS ||
      answer["mailboxes"].get(mailboxes) != simdjson::SUCCESS) {
    terminal.complain("the server's answer is no JSON: are program and server of one version?");
    return exit_no;
  }
  bool is_found = false;
  for (const element mailbox : mailboxes) {
    const auto exported = read_mailbox(mailbox);
    if (!exported || (!command.mailbox.empty() && command.mailbox != exported->name)) {
      continue;
    }
    is_found = true;
    job.mailbox = exported->id;
    target->open_mailbox(*exported);
    if (const int failed = export_mailbox(job); failed != exit_ok) {
      return failed;
    }
    target->close_mailbox();
  }
  if (!is_found) {
    terminal.complain(fmt::format("{}: no such mailbox: see `postrider mailbox list {}`",
                                  command.mailbox, command.account));
    return exit_no;
  }
  if (command.mbox != "-") {
    terminal.print(fmt::format("{} messages\n", job.messages));
  }
  return exit_ok;
}

}  // namespace postrider::tools
