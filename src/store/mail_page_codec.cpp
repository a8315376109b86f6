#include "mail_codec.hpp"
#include "record_seal.hpp"

// Pages of UIDs: as runs, or as bits where those are shorter.
namespace postrider::store {
namespace {

constexpr std::uint64_t as_runs = 0;
constexpr std::uint64_t as_bits = 1;
constexpr std::size_t bits_bytes = UidSet::page_uids / 8;
constexpr std::size_t runs_max = bits_bytes / 4;  // a run takes up to four bytes

bool has(const UidSet::Page& page, std::uint32_t at) {
  return (page.bits[at / 64] >> (at % 64) & 1) != 0;
}

// [first, end) of each run.
std::vector<std::pair<std::uint32_t, std::uint32_t>> runs_of(const UidSet::Page& page) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> runs;
  for (std::uint32_t at = 0; at < UidSet::page_uids && runs.size() <= runs_max;) {
    if (page.bits[at / 64] == 0 && at % 64 == 0) {
      at += 64;
      continue;
    }
    if (!has(page, at)) {
      ++at;
      continue;
    }
    const std::uint32_t first = at;
    while (at < UidSet::page_uids && has(page, at)) {
      const bool is_full = at % 64 == 0 && ~page.bits[at / 64] == 0;
      at += is_full ? 64 : 1;
    }
    runs.emplace_back(first, at);
  }
  return runs;
}

void write_page(FieldWriter& out, const UidSet::Page& page) {
  const auto runs = runs_of(page);
  if (runs.size() > runs_max) {
    out.number(as_bits);
    for (const std::uint64_t word : page.bits) {
      out.fixed64(word);
    }
    return;
  }
  out.number(as_runs).number(runs.size());
  std::uint32_t last = 0;
  for (const auto& [first, end] : runs) {
    out.number(first - last).number(end - first);
    last = end;
  }
}

bool read_page(FieldReader& in, UidSet::Page& page) {
  if (in.number(as_bits) == as_bits) {
    for (std::uint64_t& word : page.bits) {
      word = in.fixed64();
      page.count += static_cast<std::uint32_t>(std::popcount(word));
    }
    return true;
  }
  std::uint64_t at = 0;
  for (std::size_t left = in.count(); left > 0 && in.is_sound(); --left) {
    at += in.number(UidSet::page_uids);
    const std::uint64_t length = in.number(UidSet::page_uids);
    if (length == 0 || at + length > UidSet::page_uids) {
      return false;
    }
    page.count += static_cast<std::uint32_t>(length);
    for (const std::uint64_t end = at + length; at < end; ++at) {
      page.bits[at / 64] |= std::uint64_t{1} << (at % 64);
    }
  }
  return true;
}

}  // namespace

std::string encode_page(std::string_view key, const MailPage& page) {
  FieldWriter out;
  write_page(out, page.messages);
  write_page(out, page.seen);
  return seal(key, std::move(out));
}

RecordResult<MailPage> decode_page(std::string_view key, std::string_view value) {
  return decode<MailPage>(key, value, [key](FieldReader& in, MailPage& page) {
    const auto number = parse_page_key(key);
    page.messages.number = page.seen.number = number.value_or(0);
    return number.has_value() && read_page(in, page.messages) && read_page(in, page.seen);
  });
}

}  // namespace postrider::store
