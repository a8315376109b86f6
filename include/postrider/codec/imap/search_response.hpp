#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/imap/mailbox_name.hpp>
#include <postrider/codec/imap/search.hpp>
#include <postrider/codec/imap/sequence_set.hpp>
#include <postrider/codec/imap/thread.hpp>

namespace postrider::imap {

// "* SEARCH 2 84 882" (RFC 9051 E.4: IMAP4rev1's), with RFC 7162 3.1.5's modseq; none: "* SEARCH".
void encode_search(std::span<const std::uint32_t> numbers, std::optional<std::uint64_t> modseq,
                   std::string& out);
// "* SORT 2 3 6" (RFC 5256 4): in the order given.
void encode_sort(std::span<const std::uint32_t> numbers, std::optional<std::uint64_t> modseq,
                 std::string& out);
// "* THREAD (2)(3 6 (4 23)(44 7 96))".
void encode_thread(const ThreadForest& threads, std::string& out);

// RFC 9051 7.3.4, RFC 5267 3, RFC 9394 3.1, RFC 7377 2.1. What is not set is left out; nothing
// found still answers, with COUNT 0 if it was asked for.
struct EsearchResult {
  std::string_view tag;
  bool uid = false;
  // RFC 7377: whose results they are.
  std::optional<std::string_view> mailbox;
  std::uint32_t uid_validity = 0;
  std::optional<std::uint32_t> min;
  std::optional<std::uint32_t> max;
  std::optional<std::uint32_t> count;
  // Empty: left out. SORT's are in its order (runs_of() joins ascending neighbours only).
  std::optional<std::vector<NumberRun>> all;
  // The runs in their order; none found: NIL.
  std::optional<PartialRange> partial;
  std::vector<NumberRun> partial_numbers;
  std::optional<std::uint64_t> modseq;
  // RFC 6203 4: of the numbers that are told, in their order.
  std::optional<std::vector<std::uint8_t>> relevancy;
};
void encode_esearch(const EsearchResult& result, NameForm form, std::string& out);

// "* VANISHED (EARLIER) 41,43:116" (RFC 7162 3.2.10).
void encode_vanished(std::span<const NumberRun> uids, bool earlier, std::string& out);
// "* UIDBATCHES (TAG "A143") 215295:99695,99694:20351" (RFC 10022): newest first.
void encode_uid_batches(std::string_view tag, std::span<const NumberRun> batches, std::string& out);

}  // namespace postrider::imap
