#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::mime {

// Offset of the first CR without LF or LF without CR. A CR that ends the octets counts as bare.
[[nodiscard]] std::optional<std::size_t> find_bare_line_break(std::string_view octets);

// Makes each bare CR and each bare LF a CRLF, chunk by chunk; any split gives the same octets.
// For submission only, before anything is hashed (RFC 6409 8 lets the MSA do it); inbound refuses.
class LineBreakNormalizer {
 public:
  void update(std::string_view chunk, std::string& out);
  // The message is over: a CR may still be waiting for its LF.
  void finish(std::string& out);
  // A CR ended the last chunk: whether it is bare, the next one tells.
  [[nodiscard]] bool is_waiting() const { return cr_waits_; }
  [[nodiscard]] std::uint64_t repaired() const { return repaired_; }

 private:
  bool cr_waits_ = false;
  std::uint64_t repaired_ = 0;
};

// What a relay must know about content before it promises it to a peer: fed with a message or a
// body, chunk by chunk; any split gives the same answers.
class ContentScan {
 public:
  void update(std::string_view chunk);
  // An octet above 127: 8BITMIME is needed (RFC 6152).
  [[nodiscard]] bool has_8bit() const { return has_8bit_; }
  // NUL, which RFC 5321 2.3.8 and RFC 2045 2.7 forbid outside of BINARYMIME.
  [[nodiscard]] bool has_nul() const { return has_nul_; }
  [[nodiscard]] bool has_bare_line_break() const { return bare_at_ != none || last_was_cr_; }
  // Offset in all that was fed of the first bare CR or LF.
  [[nodiscard]] std::optional<std::uint64_t> bare_line_break() const;
  // Of the longest line so far, without its line break.
  [[nodiscard]] std::uint64_t longest_line_octets() const;
  [[nodiscard]] std::uint64_t octets() const { return octets_; }

 private:
  static constexpr std::uint64_t none = UINT64_MAX;
  // Offset of the next CR or LF at or after `from`, else the size; notes what stands before it.
  [[nodiscard]] std::size_t find_break(std::string_view chunk, std::size_t from);
  void note_bare(std::uint64_t at) { bare_at_ = bare_at_ == none ? at : bare_at_; }
  std::uint64_t octets_ = 0;
  std::uint64_t line_begin_ = 0;
  std::uint64_t longest_ = 0;
  std::uint64_t bare_at_ = none;
  bool last_was_cr_ = false;
  bool has_8bit_ = false;
  bool has_nul_ = false;
};

}  // namespace postrider::mime
