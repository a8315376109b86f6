#include <algorithm>
#include <charconv>
#include <iterator>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/limits.hpp>
#include <postrider/codec/imap/sequence_set.hpp>

namespace postrider::imap {
namespace {

std::optional<std::uint32_t> parse_number(std::string_view text) {
  if (text == "*") {
    return SequenceSet::star;
  }
  const auto number =
      text.size() <= 10 && !text.starts_with('0') ? parse_decimal(text) : std::nullopt;
  return number && *number <= UINT32_MAX ? std::optional(static_cast<std::uint32_t>(*number))
                                         : std::nullopt;
}

void append_number(std::uint32_t number, std::string& out) {
  char digits[10];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
  out.append(digits, end);
}

void append_end(std::uint32_t number, std::string& out) {
  if (number == SequenceSet::star) {
    out += '*';
  } else {
    append_number(number, out);
  }
}

void append_run(NumberRun run, std::string& out) {
  append_number(run.first, out);
  if (run.last != run.first) {
    out += ':';
    append_number(run.last, out);
  }
}

}  // namespace

std::vector<NumberRun> resolve(const SequenceSet& set, std::uint32_t largest) {
  std::vector<NumberRun> runs;
  runs.reserve(set.ranges.size());
  for (const SequenceSet::Range& range : set.ranges) {
    std::uint32_t first = range.first == SequenceSet::star ? largest : range.first;
    std::uint32_t last = range.last == SequenceSet::star ? largest : range.last;
    if (first == 0 && last == 0) {
      continue;
    }
    first = first == 0 ? last : first;
    last = last == 0 ? first : last;
    runs.push_back({std::min(first, last), std::max(first, last)});
  }
  std::ranges::sort(runs, {}, &NumberRun::first);
  std::size_t kept = 0;
  for (const NumberRun& run : runs) {
    if (kept > 0 && (run.first == 0 || run.first - 1 <= runs[kept - 1].last)) {
      runs[kept - 1].last = std::max(runs[kept - 1].last, run.last);
    } else {
      runs[kept++] = run;
    }
  }
  runs.resize(kept);
  return runs;
}

std::vector<NumberRun> runs_of(std::span<const std::uint32_t> numbers) {
  std::vector<NumberRun> runs;
  for (const std::uint32_t number : numbers) {
    if (!runs.empty() && number - 1 == runs.back().last) {
      runs.back().last = number;
    } else {
      runs.push_back({number, number});
    }
  }
  return runs;
}

bool contains(std::span<const NumberRun> runs, std::uint32_t number) {
  const auto run = std::ranges::lower_bound(runs, number, {}, &NumberRun::last);
  return run != runs.end() && run->first <= number;
}

std::optional<SequenceSet> parse_sequence_set(std::string_view text) {
  SequenceSet set;
  if (text == "$") {
    set.saved = true;
    return set;
  }
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view element = text.substr(0, comma);
    const std::size_t colon = element.find(':');
    const auto first = parse_number(element.substr(0, colon));
    const auto last = colon == element.npos ? first : parse_number(element.substr(colon + 1));
    if (!first || !last || set.ranges.size() == ranges_max) {
      return std::nullopt;
    }
    set.ranges.push_back({*first, *last});
    if (comma == text.npos) {
      return set;
    }
    text.remove_prefix(comma + 1);
  }
}

std::string encode_sequence_set(const SequenceSet& set) {
  std::string out = set.saved ? "$" : "";
  for (const SequenceSet::Range& range : set.ranges) {
    out += out.empty() ? "" : ",";
    append_end(range.first, out);
    if (range.last != range.first) {
      out += ':';
      append_end(range.last, out);
    }
  }
  return out;
}

void encode_runs(std::span<const NumberRun> runs, std::string& out) {
  bool first = true;
  for (const NumberRun& run : runs) {
    out += first ? "" : ",";
    first = false;
    append_run(run, out);
  }
}

void encode_numbers(std::span<const std::uint32_t> ascending, std::string& out) {
  bool first = true;
  for (std::size_t at = 0; at < ascending.size();) {
    NumberRun run{ascending[at], ascending[at]};
    while (++at < ascending.size() && ascending[at] - 1 == run.last) {
      run.last = ascending[at];
    }
    out += first ? "" : ",";
    first = false;
    append_run(run, out);
  }
}

}  // namespace postrider::imap
