#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/mime/content_type.hpp>

namespace postrider::mime {

// What a message may cost, however it was made up. Past a limit the structure ends: what lies
// deeper, or comes later, is text of the part that it stands in.
struct StructureLimits {
  std::uint32_t depth = 64;                     // entities inside one another
  std::uint32_t entities = 10'000;              // all of them
  std::uint32_t header_octets = 64 * 1024;      // of one part, beyond which fields are not seen
  std::uint64_t kept_octets = 4 * 1024 * 1024;  // of all that the structure keeps
};

enum class EntityKind : std::uint8_t {
  leaf,
  multipart,  // its children are its parts (RFC 2046 5.1)
  message,    // its only child is the message in it (RFC 2046 5.2.1, RFC 6532 3.7)
};

// A message, or a part of one. Octets are counted from the beginning of the whole.
struct Entity {
  EntityKind kind = EntityKind::leaf;
  std::uint32_t parent = 0;  // index; the whole message is 0, and its own
  std::vector<std::uint32_t> children;
  std::uint64_t header_begin = 0;
  std::uint64_t body_begin = 0;  // past the blank line
  std::uint64_t end = 0;         // before the line break that belongs to the delimiter
  std::uint64_t body_lines = 0;  // line breaks in the body
  ContentType content_type;      // the default of its place where the field is missing or malformed
  std::string encoding;          // Content-Transfer-Encoding in lower case; empty: none
  std::optional<ContentDisposition> disposition;
  std::string id;  // these as they are written, unfolded
  std::string description;
  std::string md5;
  std::string language;
  std::string location;
  // The header section, of messages only (the whole one, and those in others).
  std::string header;

  [[nodiscard]] std::uint64_t body_octets() const { return end - body_begin; }
  friend bool operator==(const Entity&, const Entity&) = default;
};

struct Structure {
  std::vector<Entity> entities;  // in the order in which they begin; the first is the message
  bool is_cut = false;           // a limit was met
  friend bool operator==(const Structure&, const Structure&) = default;
};

// Finds the structure of a message while its octets come by, once, in pieces cut anywhere.
// Tolerant: a missing close delimiter, a header without a blank line, a line break that is LF only.
// Cost: one look at each line; memory by StructureLimits, whatever the size.
class StructureScanner {
 public:
  explicit StructureScanner(const StructureLimits& limits = {});
  StructureScanner(StructureScanner&&) noexcept;
  StructureScanner& operator=(StructureScanner&&) noexcept;
  ~StructureScanner();
  void feed(std::string_view octets);
  // Once, after the last octet.
  [[nodiscard]] Structure finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

[[nodiscard]] Structure scan_structure(std::string_view message,
                                       const StructureLimits& limits = {});

}  // namespace postrider::mime
