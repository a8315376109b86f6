#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postrider/codec/imap/sequence_set.hpp>

namespace postrider::imap {

// "<0.2048>".
struct Partial {
  std::uint64_t offset = 0;
  std::uint64_t octets = 0;  // not 0
  friend bool operator==(const Partial&, const Partial&) = default;
};

// What stands in the brackets of BODY[...] (RFC 9051 6.4.5.1).
struct Section {
  enum class Text : std::uint8_t {
    whole,
    header,
    header_fields,      // `names` only
    header_fields_not,  // all but `names`
    text,
    mime,  // of a part
  };
  std::vector<std::uint32_t> part;  // "4.1"; empty: the message
  Text text = Text::whole;
  std::vector<std::string> names;  // as written
  friend bool operator==(const Section&, const Section&) = default;
};

enum class FetchKind : std::uint8_t {
  uid,
  flags,
  internal_date,
  rfc822_size,
  envelope,
  body,            // without extension data
  body_structure,  // with it
  section,         // BODY[...]
  binary,          // RFC 3516
  binary_size,
  rfc822,  // RFC 3501: these three as sections with names of their own
  rfc822_header,
  rfc822_text,
  modseq,        // RFC 7162
  email_id,      // RFC 8474
  thread_id,     // RFC 8474
  preview,       // RFC 8970
  preview_lazy,  // RFC 8970: only if it is at hand
  save_date,     // RFC 8514
};

struct FetchItem {
  FetchKind kind{};
  bool peek = false;  // does not set \Seen; section, binary
  Section section;    // section, binary, binary_size
  std::optional<Partial> partial;
  friend bool operator==(const FetchItem&, const FetchItem&) = default;
};
// It reads the body, so that \Seen is set (RFC 9051 6.4.5).
[[nodiscard]] bool sets_seen(const FetchItem& item);

// RFC 9394: "1:500" or "-1:-100", the latter from the newest on.
struct PartialRange {
  std::uint32_t first = 0;  // 1 is the first of all, or the last
  std::uint32_t last = 0;   // not smaller
  bool from_end = false;
  friend bool operator==(const PartialRange&, const PartialRange&) = default;
};

struct FetchArguments {
  bool uid = false;  // UID FETCH
  SequenceSet set;
  std::vector<FetchItem> items;  // macros opened; as written otherwise
  std::optional<std::uint64_t> changed_since;
  bool vanished = false;
  std::optional<PartialRange> partial;
  friend bool operator==(const FetchArguments&, const FetchArguments&) = default;
};

}  // namespace postrider::imap
