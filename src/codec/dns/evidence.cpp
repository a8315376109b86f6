#include "evidence.hpp"

#include "dnssec_rdata.hpp"
#include "ldns_handles.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

namespace postrider::dns {

namespace {

constexpr std::uint16_t class_in = 1;

constexpr std::array provable{
    RecordType::a,    RecordType::ns,     RecordType::cname, RecordType::soa,   RecordType::ptr,
    RecordType::mx,   RecordType::txt,    RecordType::aaaa,  RecordType::dname, RecordType::ds,
    RecordType::nsec, RecordType::dnskey, RecordType::nsec3, RecordType::tlsa};

// The name at `at`, uncompressed, as it came; moves `at` behind it.
std::optional<std::string> read_name(std::string_view message, std::size_t& at) {
  ldns_rdf* raw = nullptr;
  if (ldns_wire2dname(&raw, reinterpret_cast<const std::uint8_t*>(message.data()), message.size(),
                      &at) != LDNS_STATUS_OK) {
    return std::nullopt;
  }
  const RdfHandle name(raw);
  return std::string(reinterpret_cast<const char*>(ldns_rdf_data(raw)), ldns_rdf_size(raw));
}

// Of the types whose names may be compressed (RFC 3597 4): octets before the names, and how many.
struct Names {
  std::size_t before = 0;
  unsigned count = 0;
};
Names names_of(RecordType type) {
  switch (type) {
    case RecordType::ns:
    case RecordType::cname:
    case RecordType::dname:
    case RecordType::ptr:
      return {.before = 0, .count = 1};
    case RecordType::mx:
      return {.before = 2, .count = 1};
    case RecordType::soa:
      return {.before = 0, .count = 2};
    default:
      return {};
  }
}

// lay_out_records() has shown that the parts are there.
std::optional<std::string> read_rdata(std::string_view message, RecordType type, std::size_t at,
                                      std::size_t end) {
  const Names names = names_of(type);
  std::string rdata(message.substr(at, names.before));
  at += names.before;
  for (unsigned i = 0; i < names.count; ++i) {
    const auto name = read_name(message.substr(0, end), at);
    if (!name) {
      return std::nullopt;
    }
    rdata += *name;
  }
  return rdata += message.substr(at, end - at);
}

// The sets of one section.
class Sets {
 public:
  void add(const WireName& owner, RecordType type, std::uint32_t ttl, std::string rdata) {
    const auto [place, is_new] = places_.try_emplace({owner.octets(), type}, sets_.size());
    if (is_new) {
      sets_.push_back({.owner = owner, .type = type, .ttl = ttl, .rdatas = {}, .signatures = {}});
    }
    RrSet& set = sets_[place->second];
    set.ttl = std::min(set.ttl, ttl);
    set.rdatas.push_back(std::move(rdata));
  }
  void sign(const WireName& owner, Rrsig rrsig) {
    signatures_.emplace_back(owner.octets(), std::move(rrsig));
  }
  std::vector<RrSet> finish() {
    for (auto& [owner, rrsig] : signatures_) {
      if (const auto place = places_.find({owner, rrsig.covered}); place != places_.end()) {
        sets_[place->second].signatures.push_back(std::move(rrsig));
      }
    }
    for (RrSet& set : sets_) {
      std::ranges::sort(set.rdatas);
      const auto doubles = std::ranges::unique(set.rdatas);
      set.rdatas.erase(doubles.begin(), doubles.end());
    }
    return std::move(sets_);
  }

 private:
  std::vector<RrSet> sets_;
  std::map<std::pair<std::string, RecordType>, std::size_t> places_;
  std::vector<std::pair<std::string, Rrsig>> signatures_;
};

// RFC 2181 8: a TTL with the highest bit set is none.
std::uint32_t sound_ttl(std::uint32_t ttl_s) {
  return (ttl_s & 0x8000'0000U) != 0 ? 0 : ttl_s;
}

bool collect(std::string_view message, const RecordSpan& span, Sets& sets) {
  const auto type = static_cast<RecordType>(span.type);
  const bool is_signature = type == RecordType::rrsig;
  if (!is_signature && std::ranges::find(provable, type) == provable.end()) {
    return true;
  }
  std::size_t at = span.start;
  const auto name = read_name(message.substr(0, span.end), at);
  constexpr std::size_t fixed_octets = 10;
  if (!name || at + fixed_octets > span.end) {
    return false;
  }
  const auto owner = WireName::read(*name);
  auto rdata = read_rdata(message, type, at + fixed_octets, span.end);
  if (!owner || !rdata) {
    return false;
  }
  if (!is_signature) {
    sets.add(*owner, type, sound_ttl(span.ttl), std::move(*rdata));
  } else if (auto rrsig = parse_rrsig(*rdata)) {
    // One that can't be read signs nothing: the set may have others.
    sets.sign(*owner, std::move(*rrsig));
  }
  return true;
}

}  // namespace

std::optional<Evidence> collect_evidence(std::string_view message,
                                         const std::vector<RecordSpan>& spans) {
  Sets answers;
  Sets authorities;
  for (const RecordSpan& span : spans) {
    if (span.section == Section::additional || span.record_class != class_in) {
      continue;
    }
    if (!collect(message, span, span.section == Section::answer ? answers : authorities)) {
      return std::nullopt;
    }
  }
  Evidence evidence;
  evidence.answers = answers.finish();
  evidence.authorities = authorities.finish();
  return evidence;
}

}  // namespace postrider::dns
