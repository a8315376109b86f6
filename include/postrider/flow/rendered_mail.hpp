#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/codec/mime/structure.hpp>

namespace postrider::flow {

// What mailboxes keep beside a message so that a listing need not read it again. It speaks of the
// octets that all copies share: the trace of a copy (MailDetail::trace) stands in front of them.
//
//   rendered = version:number flags:number listed:text summary:text structure:text   version 2
//   flags    = 1: fields are missing from `listed`
//
// Version 1 has no `summary`. The fields are those of base/record_fields, the structure's record
// that of codec/mime, the summary's that of codec/imap.
struct RenderedMail {
  // The fields of the header for which is_listed_field() holds, whole and as they are written, in
  // their order.
  std::string listed;
  // Some were too long to be kept, or stand too deep in the header: who wants one that is not
  // there reads the message.
  bool is_listed_cut = false;
  // imap::summarize() of the header; empty: it has to be made of the fields or the message.
  std::string summary;
  // The headers in it hold the fields of an envelope only (RFC 9051 7.5.2), that of the message
  // itself nothing.
  mime::Structure structure;

  friend bool operator==(const RenderedMail&, const RenderedMail&) = default;
};

// Whether clients ask for that field when they list messages.
[[nodiscard]] bool is_listed_field(std::string_view name);

// Limits: of memory, 4 times the message and 16 MiB; of the record, the constants in the source.
// Cost: one look at each octet.
class MailRenderer {
 public:
  MailRenderer();
  // The message, in pieces cut anywhere.
  void feed(std::string_view octets) { scanner_.feed(octets); }
  [[nodiscard]] RenderedMail finish();

 private:
  mime::StructureScanner scanner_;
};

// The same for all messages of a conversation: of the first identifier that the message refers to,
// else of its own (RFC 5256 2.2). 0: it has none.
[[nodiscard]] std::uint64_t thread_of(std::string_view listed);

[[nodiscard]] std::string encode_rendered(const RenderedMail& mail);
// nullopt: damaged, or of a newer version. The message has to be rendered again.
[[nodiscard]] std::optional<RenderedMail> decode_rendered(std::string_view record);

// Its structure alone. nullopt: as decode_rendered().
[[nodiscard]] std::optional<mime::Structure> read_structure(std::string_view record);

// The part that a listing needs, where it stands, without the cost of the structure.
struct ListingView {
  std::string_view listed;
  bool is_listed_cut = false;
  std::string_view summary;
};
[[nodiscard]] std::optional<ListingView> read_listing(std::string_view record);

}  // namespace postrider::flow
