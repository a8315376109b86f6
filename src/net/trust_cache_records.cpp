#include "trust_cache_records.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <postrider/codec/dns/dnssec_limits.hpp>

namespace postrider::net {

namespace {

using dns::Cut;

constexpr char cut_mark = 16;  // no DnsStatus: an answer's record begins with one
constexpr std::size_t head_octets = 10;

void append_text(std::string& out, std::string_view text) {
  out += static_cast<char>(text.size() >> 8U);
  out += static_cast<char>(text.size());
  out += text;
}

// Cuts what it returns off `from`; nothing: it is not there whole.
std::optional<std::string_view> take_text(std::string_view& from) {
  if (from.size() < 2) {
    return std::nullopt;
  }
  const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(from[0])) << 8U |
                           static_cast<unsigned char>(from[1]);
  from.remove_prefix(2);
  if (from.size() < size) {
    return std::nullopt;
  }
  const std::string_view text = from.substr(0, size);
  from.remove_prefix(size);
  return text;
}

std::optional<std::string> encode(const Cut& cut, std::int64_t now_s) {
  constexpr std::size_t text_octets_max = 0xFFFF;
  if (cut.kind == Cut::Kind::bogus || cut.expires_s <= now_s ||
      cut.reason.size() > text_octets_max) {
    return std::nullopt;
  }
  std::string out{cut_mark, static_cast<char>(cut.kind)};
  for (unsigned shift = 64; shift != 0; shift -= 8) {
    out += static_cast<char>(static_cast<std::uint64_t>(cut.expires_s) >> (shift - 8));
  }
  out += cut.name.octets();
  append_text(out, cut.reason);
  for (const std::string& key : cut.keys) {
    append_text(out, key);  // an RDATA is never longer than its length says
  }
  return out;
}

std::optional<Cut> decode(std::string_view record, std::int64_t now_s) {
  if (record.size() < head_octets || record[0] != cut_mark ||
      static_cast<unsigned char>(record[1]) >= static_cast<unsigned char>(Cut::Kind::bogus)) {
    return std::nullopt;
  }
  Cut cut;
  cut.kind = static_cast<Cut::Kind>(record[1]);
  std::uint64_t expires = 0;
  for (const char c : record.substr(2, 8)) {
    expires = expires << 8U | static_cast<unsigned char>(c);
  }
  cut.expires_s = static_cast<std::int64_t>(expires);
  // A clock that was set back must not make a key live longer than any may.
  if (cut.expires_s <= now_s || cut.expires_s > now_s + dns::dnssec_limits::trust_ttl_max_s) {
    return std::nullopt;
  }
  record.remove_prefix(head_octets);
  auto name = dns::WireName::read(record);
  if (!name) {
    return std::nullopt;
  }
  record.remove_prefix(name->octets().size());
  cut.name = std::move(*name);
  const auto reason = take_text(record);
  if (!reason) {
    return std::nullopt;
  }
  cut.reason = *reason;
  while (!record.empty()) {
    const auto key = take_text(record);
    if (!key || cut.keys.size() == dns::dnssec_limits::keys_per_zone) {
      return std::nullopt;
    }
    cut.keys.emplace_back(*key);
  }
  const bool is_zone = cut.kind == Cut::Kind::zone;
  return is_zone == cut.keys.empty() ? std::nullopt : std::optional(std::move(cut));
}

}  // namespace

std::vector<std::string> encode_cuts(const std::vector<dns::SharedCut>& cuts, std::int64_t now_s) {
  std::vector<std::string> records;
  for (const dns::SharedCut& cut : cuts) {
    if (auto record = encode(*cut, now_s)) {
      records.push_back(std::move(*record));
    }
  }
  return records;
}

std::vector<dns::SharedCut> decode_cuts(const std::vector<std::string>& records,
                                        std::int64_t now_s) {
  std::vector<dns::SharedCut> cuts;
  for (const std::string& record : records) {
    if (auto cut = decode(record, now_s)) {
      cuts.push_back(std::make_shared<const Cut>(std::move(*cut)));
    }
  }
  return cuts;
}

}  // namespace postrider::net
