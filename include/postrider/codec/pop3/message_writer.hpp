#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::pop3 {

// A message as the answer to RETR, or to TOP: dot-stuffed, ended by a lone dot (RFC 1939 3). The
// message comes in pieces, wherever they are cut.
class MessageWriter {
 public:
  // `lines`: of the body, beside the header (TOP); nullopt: all of it.
  explicit MessageWriter(std::optional<std::uint32_t> lines) : lines_(lines) {}

  void begin(std::uint64_t octets, std::string& out) const;
  void append(std::string_view octets, std::string& out);
  // Nothing more is wanted: TOP has its lines.
  [[nodiscard]] bool is_full() const { return full_; }
  void end(std::string& out) const;

 private:
  [[nodiscard]] std::size_t wanted_of(std::string_view octets);

  std::optional<std::uint32_t> lines_;
  bool in_header_ = true;
  bool line_is_empty_ = true;  // of the header, so far
  bool at_line_start_ = true;
  bool full_ = false;
};

}  // namespace postrider::pop3
