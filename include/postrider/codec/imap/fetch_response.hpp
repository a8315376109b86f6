#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/time.hpp>
#include <postrider/codec/imap/date_time.hpp>
#include <postrider/codec/imap/fetch.hpp>
#include <postrider/codec/imap/flags.hpp>

namespace postrider::imap {

// One FETCH response, item by item, in the order of the calls (clients want UID before a body's
// literal): "* 12 FETCH (" ... ")" CRLF.
class FetchWriter {
 public:
  // `out` outlives the writer.
  FetchWriter(std::uint32_t number, std::string& out);
  void uid(std::uint32_t uid);
  void flags(const Flags& flags);
  void internal_date(DateTime date);
  void save_date(std::optional<WallTime> time);
  void size(std::uint64_t octets);
  void modseq(std::uint64_t modseq);
  void email_id(std::string_view id);
  void thread_id(std::optional<std::string_view> id);
  void preview(std::optional<std::string_view> text);
  // As encode_envelope() and encode_body() made them.
  void envelope(std::string_view encoded);
  void body(std::string_view encoded);
  void body_structure(std::string_view encoded);
  void binary_size(const FetchItem& item, std::uint64_t octets);
  // Section, binary or one of the RFC822 items: NIL, or its octets at once.
  void no_octets(const FetchItem& item);
  void octets(const FetchItem& item, std::string_view octets);
  // Or the literal's header; exactly that many octets are appended to the output after it. `is_8`:
  // a literal8, where NUL may be among them (BINARY only).
  void begin_octets(const FetchItem& item, std::uint64_t octets, bool is_8 = false);
  // Once, last.
  void end();

 private:
  void name(std::string_view text);
  void name_of(const FetchItem& item);
  std::string& out_;
  bool first_ = true;
};

// What an item is called in the response: "BODY[1.MIME]<0>", "RFC822.TEXT". The origin octet alone
// stands there, and PEEK does not (RFC 9051 7.5.2).
void encode_item_name(const FetchItem& item, std::string& out);

}  // namespace postrider::imap
