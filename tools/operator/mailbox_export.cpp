#include "mailbox_export.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <iostream>
#include <memory>
#include <simdjson.h>
#include <stdexcept>
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
  std::string date;   // RFC 3339
  std::string flags;  // of Maildir: "FRST"
};

// Where messages are put, one after another.
class Target {
 public:
  virtual ~Target() = default;
  virtual void open_mailbox(const std::string& name) = 0;
  virtual void begin(const ExportedMail& mail) = 0;
  virtual void add(std::string_view octets) = 0;
  virtual void end() = 0;
};

[[noreturn]] void cant_write(const std::filesystem::path& path) {
  throw std::runtime_error(
      fmt::format("{}: can't be written: check the disk and its permissions", path.string()));
}

// Maildir++: folders beside the inbox as ".Name.Sub", in modified form where a name holds a dot.
class Maildir final : public Target {
 public:
  explicit Maildir(std::filesystem::path root) : root_(std::move(root)) {}

  void open_mailbox(const std::string& name) override {
    std::string folder;
    for (const char c : name) {
      folder += c == '.' || c == '\0' ? '_' : c == '/' ? '.' : c;
    }
    at_ = name == "INBOX" ? root_ : root_ / ("." + folder);
    for (const char* part : {"cur", "new", "tmp"}) {
      std::filesystem::create_directories(at_ / part);
    }
    if (!std::filesystem::is_empty(at_ / "cur")) {
      throw std::runtime_error(at_.string() + ": holds mail already: name an empty folder");
    }
  }
  void begin(const ExportedMail& mail) override {
    name_ = fmt::format("{}.postrider,S={}", mail.uid, mail.bytes);
    flags_ = mail.flags;
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
    std::filesystem::rename(at_ / "tmp" / name_, at_ / "cur" / (name_ + ":2," + flags_));
  }

 private:
  std::filesystem::path root_;
  std::filesystem::path at_;
  std::string name_;
  std::string flags_;
  std::ofstream file_;
};

// mboxrd: ">" before each line that begins with ">*From ", line ends of the machine.
class Mbox final : public Target {
 public:
  explicit Mbox(const std::string& path) : path_(path) {
    if (path != "-") {
      file_.open(path, std::ios::binary | std::ios::trunc);
      out_ = &file_;
    }
  }
  void open_mailbox(const std::string& /*name*/) override {}
  void begin(const ExportedMail& mail) override {
    *out_ << "From postrider " << mail.date << "\n";
    rest_.clear();
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
    *out_ << "\n";
    out_->flush();
    if (!*out_) {
      cant_write(path_);
    }
  }

 private:
  void write_line(std::string_view line) {
    line.remove_suffix(line.ends_with('\r') ? 1 : 0);
    const std::size_t quotes = std::min(line.find_first_not_of('>'), line.size());
    *out_ << (line.substr(quotes).starts_with("From ") ? ">" : "") << line << "\n";
  }
  std::string path_;
  std::ofstream file_;
  std::ostream* out_ = &std::cout;
  std::string rest_;
};

std::string maildir_flags(const element& mail) {
  std::string out;
  array flags;
  if (mail["flags"].get(flags) == simdjson::SUCCESS) {
    for (const element flag : flags) {
      const std::string_view name(flag);
      out += name == "\\Draft"      ? "D"
             : name == "\\Flagged"  ? "F"
             : name == "\\Answered" ? "R"
             : name == "\\Seen"     ? "S"
             : name == "\\Deleted"  ? "T"
                                    : "";
    }
  }
  std::ranges::sort(out);
  return out;
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
    std::string_view date;
    if (message["uid"].get(mail.uid) == simdjson::SUCCESS &&
        message["bytes"].get(mail.bytes) == simdjson::SUCCESS &&
        message["date"].get(date) == simdjson::SUCCESS) {
      mail.date = date;
      mail.flags = maildir_flags(message);
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
    target = std::make_unique<Mbox>(command.mbox);
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
    std::string_view name;
    if (mailbox["name"].get(name) != simdjson::SUCCESS ||
        mailbox["id"].get(job.mailbox) != simdjson::SUCCESS ||
        (!command.mailbox.empty() && command.mailbox != name)) {
      continue;
    }
    is_found = true;
    target->open_mailbox(std::string(name));
    if (const int failed = export_mailbox(job); failed != exit_ok) {
      return failed;
    }
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
