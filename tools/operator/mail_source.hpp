#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace postrider::tools {

// What one message may have; the server takes no more in one piece.
inline constexpr std::uint64_t import_octets_max = 200ULL << 20;

struct SourceFolder {
  std::string name;         // UTF-8, '/' between levels, "INBOX"
  std::string special_use;  // "trash"; empty: none
  std::uint32_t uid_validity = 0;
};

struct SourceMail {
  std::string octets;
  std::optional<std::uint64_t> trace_octets;  // of them; nullopt: the server finds out
  std::string flags;                          // of Maildir: "FRSTD"
  std::vector<std::string> keywords;
  std::optional<std::int64_t> date_ns;  // since 1970; nullopt: not known
  std::uint32_t uid = 0;
  std::string place;    // for people: a file, a number
  std::string problem;  // not empty: it can't be read, and why
};

// nullopt: further from 1970 than nanoseconds of 64 bits go (some 292 years).
[[nodiscard]] constexpr std::optional<std::int64_t> date_of_seconds(std::int64_t seconds,
                                                                    std::int64_t ns = 0) {
  constexpr std::int64_t a_second = 1'000'000'000;
  if (seconds >= INT64_MAX / a_second || seconds <= INT64_MIN / a_second) {
    return std::nullopt;
  }
  return seconds * a_second + ns;
}

// Where mail is brought in from, folder by folder. Memory: one message, and what names them.
class MailSource {
 public:
  virtual ~MailSource() = default;
  // In order; nullopt: there are no more. Throws std::runtime_error where nothing can be read.
  [[nodiscard]] virtual std::optional<SourceFolder> next_folder() = 0;
  // Of that folder, those with UIDs first and ascending; nullopt: there are no more.
  [[nodiscard]] virtual std::optional<SourceMail> next_mail() = 0;
};

}  // namespace postrider::tools
