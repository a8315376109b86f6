#include "mbox_source.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>
#include <fmt/core.h>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/base/time.hpp>

namespace postrider::tools {

namespace {

bool has_clock(std::string_view line) {
  for (std::size_t at = line.find(':'); at != line.npos; at = line.find(':', at + 1)) {
    if (at >= 1 && at + 1 < line.size() && std::isdigit(static_cast<unsigned char>(line[at - 1])) &&
        std::isdigit(static_cast<unsigned char>(line[at + 1]))) {
      return true;
    }
  }
  return false;
}

bool is_separator(std::string_view line) {
  return line.starts_with("From ") && has_clock(line);
}

// "From ada@example.org Sun Nov 22 10:00:00 2026", or a date of RFC 3339.
std::optional<std::int64_t> date_of(std::string_view line) {
  const std::size_t blank = line.find(' ', sizeof "From");
  const std::size_t date = line.find_first_not_of(' ', blank);
  if (blank == line.npos || date == line.npos) {
    return std::nullopt;
  }
  const std::string text(line.substr(date));
  if (const auto time = parse_rfc3339(text)) {
    return time->time_since_epoch().count();
  }
  for (const char* form :
       {"%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M %Y", "%a %b %d %H:%M:%S %Z %Y"}) {
    std::tm parts{};
    if (::strptime(text.c_str(), form, &parts) != nullptr) {
      return date_of_seconds(::timegm(&parts));
    }
  }
  return std::nullopt;
}

// What mail programs write into a message that stands in an mbox.
struct Mark {
  std::string_view name;
  std::string_view value;
};
std::optional<Mark> mark_in(std::string_view line) {
  constexpr std::array<std::string_view, 7> names{"status", "x-status",   "x-keywords",    "x-uid",
                                                  "x-imap", "x-imapbase", "content-length"};
  const std::size_t colon = line.find(':');
  if (colon == line.npos) {
    return std::nullopt;
  }
  const std::string name = to_lower(line.substr(0, colon));
  const auto at = std::ranges::find(names, name);
  if (at == names.end()) {
    return std::nullopt;
  }
  std::string_view value = line.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  value.remove_suffix(value.ends_with("\r\n") ? 2 : 0);
  return Mark{*at, value};
}

void take_mark(const Mark& mark, SourceMail& mail, std::uint32_t& validity) {
  constexpr std::array<std::pair<char, char>, 5> letters{
      {{'R', 'S'}, {'A', 'R'}, {'F', 'F'}, {'D', 'T'}, {'T', 'D'}}};
  const auto first_number = [](std::string_view text) -> std::uint32_t {
    const auto number = parse_decimal(text.substr(0, text.find(' ')));
    return number && *number <= UINT32_MAX ? static_cast<std::uint32_t>(*number) : 0;
  };
  if (mark.name == "status" || mark.name == "x-status") {
    for (const auto& [theirs, ours] : letters) {
      const bool is_read = theirs == 'R';
      if (is_read == (mark.name == "status") && mark.value.contains(theirs) &&
          !mail.flags.contains(ours)) {
        mail.flags += ours;
      }
    }
  } else if (mark.name == "x-keywords") {
    for (std::size_t at = 0; at < mark.value.size();) {
      const std::size_t end = std::min(mark.value.find(' ', at), mark.value.size());
      if (end > at) {
        mail.keywords.emplace_back(mark.value.substr(at, end - at));
      }
      at = end + 1;
    }
  } else if (mark.name == "x-uid") {
    mail.uid = first_number(mark.value);
  } else if (mark.name == "x-imap" || mark.name == "x-imapbase") {
    validity = first_number(mark.value);
  }
}

// The run of them that ends the header goes; from the X-UID on, if it has one: what stands before
// that came with the message.
void take_marks(SourceMail& mail, std::uint32_t& validity) {
  std::string& octets = mail.octets;
  const std::size_t blank = octets.starts_with("\r\n") ? 0 : octets.find("\r\n\r\n");
  const std::size_t end = blank == octets.npos ? octets.size() : blank == 0 ? 0 : blank + 2;
  std::size_t begin = end;
  std::size_t uid_at = std::string::npos;
  while (begin > 0) {
    const std::size_t before = begin < 2 ? octets.npos : octets.rfind("\r\n", begin - 3);
    const std::size_t line = before == octets.npos || begin < 3 ? 0 : before + 2;
    const auto mark = mark_in(std::string_view(octets).substr(line, begin - line));
    if (!mark) {
      break;
    }
    begin = line;
    if (mark->name == "x-uid" && uid_at == octets.npos) {
      uid_at = line;
    }
  }
  begin = uid_at == octets.npos ? begin : uid_at;
  for (std::size_t at = begin; at < end;) {
    const std::size_t next = std::min(octets.find("\r\n", at) + 2, end);
    if (const auto mark = mark_in(std::string_view(octets).substr(at, next - at))) {
      take_mark(*mark, mail, validity);
    }
    at = next;
  }
  octets.erase(begin, end - begin);
}

class Mbox final : public MailSource {
 public:
  Mbox(const std::string& path, MboxForm form) : path_(path), form_(form) {
    in_.open(path, std::ios::binary);
    if (!in_) {
      throw std::runtime_error(path + ": can't be opened: check its name and permissions");
    }
    if (read_line() && !is_separator(line_)) {
      throw std::runtime_error(path + ": no mbox: its first line is not \"From ...\" with a time");
    }
  }

  std::optional<SourceFolder> next_folder() override {
    if (!std::exchange(is_begun_, true)) {
      // The first message may say what all of them belong to.
      ahead_ = read_mail();
      return SourceFolder{.name = "INBOX", .uid_validity = validity_};
    }
    return std::nullopt;
  }

  std::optional<SourceMail> next_mail() override {
    auto mail = ahead_ ? std::exchange(ahead_, std::nullopt) : read_mail();
    // What some servers keep for themselves as the first message.
    while (mail && mail->octets.contains("FOLDER INTERNAL DATA") && mail->octets.size() < 1024) {
      mail = read_mail();
    }
    return mail;
  }

 private:
  bool read_line() {
    has_line_ = static_cast<bool>(std::getline(in_, line_));
    if (has_line_ && line_.ends_with('\r')) {
      line_.pop_back();
    }
    return has_line_;
  }

  [[nodiscard]] std::string_view unquoted() const {
    const std::string_view line = line_;
    const std::size_t quotes = std::min(line.find_first_not_of('>'), line.size());
    const bool is_quoted = quotes > 0 && line.substr(quotes).starts_with("From ") &&
                           (form_ == MboxForm::mboxrd || quotes == 1);
    return line.substr(is_quoted ? 1 : 0);
  }

  std::optional<SourceMail> read_mail() {
    if (!has_line_) {
      return std::nullopt;
    }
    SourceMail mail;
    mail.place = fmt::format("{}: message {}", path_, ++number_);
    mail.date_ns = date_of(line_);
    bool is_blank = false;
    while (read_line() && !(is_blank && is_separator(line_))) {
      is_blank = line_.empty();
      if (mail.octets.size() + line_.size() > import_octets_max) {
        mail.problem = "larger than the 200 MiB that a message may have";
        mail.octets.clear();
      }
      if (mail.problem.empty()) {
        mail.octets += unquoted();
        mail.octets += "\r\n";
      }
    }
    if (in_.bad()) {
      mail.problem = "the file can't be read any further";
    }
    if (mail.octets.ends_with("\r\n") && is_blank) {
      mail.octets.resize(mail.octets.size() - 2);  // it stands between messages
    }
    take_marks(mail, validity_);
    return mail;
  }

  std::string path_;
  MboxForm form_;
  std::ifstream in_;
  std::string line_;
  bool has_line_ = false;
  bool is_begun_ = false;
  std::uint64_t number_ = 0;
  std::uint32_t validity_ = 0;
  std::optional<SourceMail> ahead_;
};

}  // namespace

std::unique_ptr<MailSource> open_mbox(const std::string& path, MboxForm form) {
  return std::make_unique<Mbox>(path, form);
}

}  // namespace postrider::tools
