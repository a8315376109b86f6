#include "ldns_records.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <postrider/base/text.hpp>

namespace postrider::dns {

namespace {

constexpr std::size_t character_string_octets_max = 255;  // RFC 1035 3.3

std::span<const std::uint8_t> octets_of(const ldns_rdf& rdf) {
  return {ldns_rdf_data(&rdf), ldns_rdf_size(&rdf)};
}

std::string raw_octets(const ldns_rdf& rdf) {
  const auto octets = octets_of(rdf);
  return {octets.begin(), octets.end()};
}

void append_name_octet(std::string& out, std::uint8_t octet) {
  constexpr std::string_view special = ".\\\"();@$";
  const char c = static_cast<char>(octet);
  if (octet <= 0x20 || octet >= 0x7F) {
    out += '\\';
    out += static_cast<char>('0' + octet / 100);
    out += static_cast<char>('0' + octet / 10 % 10);
    out += static_cast<char>('0' + octet % 10);
    return;
  }
  if (special.contains(c)) {
    out += '\\';
  }
  out += ascii_lower(c);
}

RdfHandle raw_rdf(ldns_rdf_type type, std::string_view octets) {
  return RdfHandle(ldns_rdf_new_frm_data(type, octets.size(), octets.data()));
}

// Takes the value over; false (and nothing pushed) for a null handle.
bool push(ldns_rr& rr, RdfHandle rdf) {
  if (!rdf || !ldns_rr_push_rdf(&rr, rdf.get())) {
    return false;
  }
  (void)rdf.release();  // the record owns it now
  return true;
}

// Fills the RDATA of a record by the type of its value.
struct PushRdata {
  ldns_rr& rr;

  bool operator()(const IpAddress& address) const {
    const bool v4 = address.family() == IpFamily::v4;
    const std::string_view octets(reinterpret_cast<const char*>(address.octets().data()),
                                  v4 ? 4 : 16);
    return push(rr, raw_rdf(v4 ? LDNS_RDF_TYPE_A : LDNS_RDF_TYPE_AAAA, octets));
  }
  bool operator()(const Mx& mx) const {
    return push(rr, RdfHandle(ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, mx.preference))) &&
           push(rr, to_rdf(mx.host));
  }
  bool operator()(const Tlsa& tlsa) const {
    return push(rr, RdfHandle(ldns_native2rdf_int8(LDNS_RDF_TYPE_INT8, tlsa.usage))) &&
           push(rr, RdfHandle(ldns_native2rdf_int8(LDNS_RDF_TYPE_INT8, tlsa.selector))) &&
           push(rr, RdfHandle(ldns_native2rdf_int8(LDNS_RDF_TYPE_INT8, tlsa.matching_type))) &&
           push(rr, raw_rdf(LDNS_RDF_TYPE_HEX, tlsa.data));
  }
  bool operator()(const Soa& soa) const {
    constexpr std::array<std::uint32_t, 4> serial_refresh_retry_expire{1, 7200, 3600, 1'209'600};
    bool ok = push(rr, to_rdf(soa.primary)) && push(rr, to_rdf("hostmaster"));
    for (const std::uint32_t number : serial_refresh_retry_expire) {
      ok = ok && push(rr, RdfHandle(ldns_native2rdf_int32(LDNS_RDF_TYPE_INT32, number)));
    }
    return ok && push(rr, RdfHandle(ldns_native2rdf_int32(LDNS_RDF_TYPE_INT32, soa.minimum)));
  }
  bool operator()(const Txt& txt) const {
    std::string_view rest = txt.text;
    do {
      const std::string_view piece = rest.substr(0, character_string_octets_max);
      rest.remove_prefix(piece.size());
      std::string octets(1, static_cast<char>(piece.size()));
      octets += piece;
      if (!push(rr, raw_rdf(LDNS_RDF_TYPE_STR, octets))) {
        return false;
      }
    } while (!rest.empty());
    return true;
  }
  bool operator()(const HostName& host) const { return push(rr, to_rdf(host.name)); }
  bool operator()(const Opaque& opaque) const {
    return push(rr, raw_rdf(LDNS_RDF_TYPE_UNKNOWN, opaque.rdata));
  }
};

// The index-th field if it is there and has the size (0: any).
const ldns_rdf* field(const ldns_rr& rr, std::size_t index, std::size_t octets = 0) {
  const ldns_rdf* rdf = index < ldns_rr_rd_count(&rr) ? ldns_rr_rdf(&rr, index) : nullptr;
  return rdf != nullptr && (octets == 0 || ldns_rdf_size(rdf) == octets) ? rdf : nullptr;
}

using RecordData = decltype(Record::data);

std::optional<RecordData> read_address(const ldns_rr& rr, RecordType type) {
  const ldns_rdf* address = field(rr, 0, type == RecordType::a ? 4 : 16);
  if (address == nullptr) {
    return std::nullopt;
  }
  if (type == RecordType::a) {
    std::array<std::uint8_t, 4> octets{};
    std::ranges::copy(octets_of(*address), octets.begin());
    return IpAddress::v4(octets);
  }
  std::array<std::uint8_t, 16> octets{};
  std::ranges::copy(octets_of(*address), octets.begin());
  return IpAddress::v6(octets);
}

std::optional<RecordData> read_mx(const ldns_rr& rr) {
  const ldns_rdf* preference = field(rr, 0, 2);
  const ldns_rdf* host = field(rr, 1);
  if (preference == nullptr || host == nullptr) {
    return std::nullopt;
  }
  return Mx{.preference = ldns_rdf2native_int16(preference), .host = to_text(*host)};
}

std::optional<RecordData> read_soa(const ldns_rr& rr) {
  const ldns_rdf* primary = field(rr, 0);
  const ldns_rdf* minimum = field(rr, 6, 4);
  if (primary == nullptr || minimum == nullptr) {
    return std::nullopt;
  }
  return Soa{.primary = to_text(*primary), .minimum = ldns_rdf2native_int32(minimum)};
}

std::optional<RecordData> read_tlsa(const ldns_rr& rr) {
  const ldns_rdf* usage = field(rr, 0, 1);
  const ldns_rdf* selector = field(rr, 1, 1);
  const ldns_rdf* matching_type = field(rr, 2, 1);
  const ldns_rdf* data = field(rr, 3);
  if (usage == nullptr || selector == nullptr || matching_type == nullptr || data == nullptr) {
    return std::nullopt;
  }
  return Tlsa{.usage = ldns_rdf2native_int8(usage),
              .selector = ldns_rdf2native_int8(selector),
              .matching_type = ldns_rdf2native_int8(matching_type),
              .data = raw_octets(*data)};
}

std::optional<RecordData> read_txt(const ldns_rr& rr) {
  const std::size_t count = ldns_rr_rd_count(&rr);
  Txt txt;
  for (std::size_t i = 0; i < count; ++i) {
    const ldns_rdf* piece = field(rr, i);
    if (piece == nullptr) {
      return std::nullopt;
    }
    const auto octets = octets_of(*piece);
    if (octets.empty() || octets.size() != octets[0] + std::size_t{1}) {
      return std::nullopt;
    }
    txt.text.append(octets.begin() + 1, octets.end());
  }
  return count == 0 ? std::nullopt : std::optional<RecordData>(std::move(txt));
}

std::optional<RecordData> read_host_name(const ldns_rr& rr) {
  const ldns_rdf* name = field(rr, 0);
  return name == nullptr ? std::nullopt
                         : std::optional<RecordData>(HostName{.name = to_text(*name)});
}

std::optional<RecordData> read_typed(const ldns_rr& rr, RecordType type) {
  switch (type) {
    case RecordType::a:
    case RecordType::aaaa:
      return read_address(rr, type);
    case RecordType::mx:
      return read_mx(rr);
    case RecordType::soa:
      return read_soa(rr);
    case RecordType::txt:
      return read_txt(rr);
    case RecordType::tlsa:
      return read_tlsa(rr);
    default:
      return read_host_name(rr);
  }
}

bool is_typed(RecordType type) {
  constexpr std::array typed{RecordType::a,   RecordType::aaaa,  RecordType::mx,
                             RecordType::soa, RecordType::txt,   RecordType::tlsa,
                             RecordType::ns,  RecordType::cname, RecordType::ptr};
  return std::ranges::find(typed, type) != typed.end();
}

const std::uint8_t* wire(std::string_view message) {
  return reinterpret_cast<const std::uint8_t*>(message.data());
}

// Everything else keeps its RDATA as it is: ldns would read types that we have no use for, with
// names in them that lay_out_records() has not looked at.
std::optional<Record> read_opaque(std::string_view message, std::size_t start, std::size_t end) {
  std::size_t at = start;
  ldns_rdf* raw_owner = nullptr;
  if (ldns_wire2dname(&raw_owner, wire(message), end, &at) != LDNS_STATUS_OK || at + 10 > end) {
    return std::nullopt;
  }
  const RdfHandle owner(raw_owner);
  Record record;
  record.owner = to_text(*owner);
  record.type = static_cast<RecordType>(ldns_read_uint16(wire(message) + at));
  record.ttl = ldns_read_uint32(wire(message) + at + 4);
  record.data = Opaque{.rdata = std::string(message.substr(at + 10, end - at - 10))};
  return record;
}

}  // namespace

RdfHandle to_rdf(std::string_view name) {
  if (name.contains('\0')) {
    return nullptr;
  }
  const std::string text(name.empty() ? std::string_view(".") : name);
  return RdfHandle(ldns_dname_new_frm_str(text.c_str()));
}

std::string to_text(const ldns_rdf& name) {
  const auto octets = octets_of(name);
  std::string text;
  for (std::size_t at = 0; at < octets.size() && octets[at] != 0;) {
    if (at != 0) {
      text += '.';
    }
    const std::size_t end = std::min(octets.size(), at + 1 + octets[at]);
    for (++at; at < end; ++at) {
      append_name_octet(text, octets[at]);
    }
  }
  return text;
}

RrHandle to_rr(const Record& record) {
  RrHandle rr(ldns_rr_new());
  RdfHandle owner = to_rdf(record.owner);
  if (!rr || !owner) {
    return nullptr;
  }
  ldns_rr_set_owner(rr.get(), owner.release());
  ldns_rr_set_type(rr.get(), static_cast<ldns_rr_type>(record.type));
  ldns_rr_set_class(rr.get(), LDNS_RR_CLASS_IN);
  ldns_rr_set_ttl(rr.get(), record.ttl);
  return std::visit(PushRdata{*rr}, record.data) ? std::move(rr) : nullptr;
}

std::optional<Record> read_record(std::string_view message, std::size_t start, std::size_t end,
                                  RecordType type) {
  if (!is_typed(type)) {
    return read_opaque(message, start, end);
  }
  std::size_t at = start;
  ldns_rr* raw = nullptr;
  if (ldns_wire2rr(&raw, wire(message), end, &at, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK) {
    return std::nullopt;
  }
  const RrHandle rr(raw);
  if (at != end) {
    return std::nullopt;
  }
  std::optional<RecordData> data = read_typed(*rr, type);
  if (!data) {
    return std::nullopt;
  }
  return Record{.owner = to_text(*ldns_rr_owner(rr.get())),
                .type = type,
                .ttl = ldns_rr_ttl(rr.get()),
                .data = std::move(*data)};
}

}  // namespace postrider::dns
