#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postrider/codec/imap/fetch.hpp>
#include <postrider/codec/imap/sequence_set.hpp>

namespace postrider::imap {

enum class SearchKind : std::uint8_t {
  all,
  all_of,    // `keys`; RFC 9051 9: "(" ... ")", and a program of several keys
  any_of,    // `keys`: OR
  none_of,   // `keys`, one: NOT
  sequence,  // `set`: message numbers
  uid,       // `set`
  has_flag,  // `flag`; UNSEEN is none_of it
  keyword,   // `text`
  recent,    // RFC 3501: new to this session first
  header,    // `name` holds `text`; BCC, CC, FROM, SUBJECT, TO too; empty text: has the field
  body,      // `text`
  text,      // `text`: header or body
  before,    // `date`: INTERNALDATE
  on,
  since,
  sent_before,  // `date`: Date:
  sent_on,
  sent_since,
  saved_before,  // `date`: RFC 8514
  saved_on,
  saved_since,
  save_date_supported,
  larger,   // `number`
  smaller,  // `number`
  older,    // `number` of seconds: RFC 5032
  younger,
  modseq,     // `number`: at least; RFC 7162 3.1.5. What stands in `name` changes nothing
  email_id,   // `text`: RFC 8474
  thread_id,  // `text`
};

struct SearchKey {
  SearchKind kind = SearchKind::all;
  bool fuzzy = false;  // RFC 6203
  std::uint8_t flag = 0;
  std::string name;  // of a header field, as written
  std::string text;  // UTF-8, whatever the charset was
  std::uint64_t number = 0;
  std::chrono::sys_days date{};
  SequenceSet set;
  std::vector<SearchKey> keys;
  friend bool operator==(const SearchKey&, const SearchKey&) = default;
};

// RFC 4731, RFC 9394, RFC 5182: what RETURN (...) asks for.
struct ReturnOptions {
  bool given = false;  // with none inside it means ALL (RFC 4731 3.1)
  bool min = false;
  bool max = false;
  bool all = false;
  bool count = false;
  bool save = false;
  bool relevancy = false;  // RFC 6203 4; goes with a fuzzy key only
  std::optional<PartialRange> partial;
  friend bool operator==(const ReturnOptions&, const ReturnOptions&) = default;
};

// SEARCH and UID SEARCH.
struct SearchArguments {
  bool uid = false;
  ReturnOptions options;
  SearchKey key;
  friend bool operator==(const SearchArguments&, const SearchArguments&) = default;
};
// It, or a key in it, is of that kind.
[[nodiscard]] bool mentions(const SearchKey& key, SearchKind kind);
// The same of FUZZY.
[[nodiscard]] bool is_fuzzy(const SearchKey& key);

// RFC 5256 3, RFC 5957.
struct SortCriterion {
  enum class Key : std::uint8_t {
    arrival,
    cc,
    date,
    from,
    size,
    subject,
    to,
    display_from,
    display_to,
    relevancy,  // RFC 6203 6: the highest first; with a fuzzy key only
  };
  Key key{};
  bool reverse = false;
  friend bool operator==(const SortCriterion&, const SortCriterion&) = default;
};
struct SortArguments {
  std::vector<SortCriterion> criteria;
  SearchArguments search;
  friend bool operator==(const SortArguments&, const SortArguments&) = default;
};

enum class ThreadAlgorithm : std::uint8_t { ordered_subject, references };
struct ThreadArguments {
  ThreadAlgorithm algorithm{};
  SearchArguments search;
  friend bool operator==(const ThreadArguments&, const ThreadArguments&) = default;
};

}  // namespace postrider::imap
