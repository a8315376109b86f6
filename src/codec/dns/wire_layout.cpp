#include "wire_layout.hpp"

#include <array>
#include <optional>

#include <postrider/codec/dns/domain_name.hpp>

namespace postrider::dns {

namespace {

// An owner of one octet (the root or, with one more, a pointer), type, class, TTL, length.
constexpr std::size_t record_octets_min = 11;
// As many as a name can have labels.
constexpr unsigned name_pointers_max = 127;

std::uint8_t octet_at(std::string_view message, std::size_t at) {
  return static_cast<std::uint8_t>(message[at]);
}

std::uint16_t u16_at(std::string_view message, std::size_t at) {
  return static_cast<std::uint16_t>(octet_at(message, at) << 8 | octet_at(message, at + 1));
}

std::uint32_t u32_at(std::string_view message, std::size_t at) {
  return static_cast<std::uint32_t>(u16_at(message, at)) << 16 | u16_at(message, at + 2);
}

// Where the name that begins at `at` ends, or nothing if it does not end. A pointer must lead to
// before the part of the name that holds it (RFC 1035 4.1.4: a prior occurrence), so that each
// chain ends.
std::optional<std::size_t> end_of_name(std::string_view message, std::size_t at) {
  std::optional<std::size_t> end;
  std::size_t part = at;
  std::size_t octets = 1;
  unsigned pointers = 0;
  while (at < message.size()) {
    const std::uint8_t length = octet_at(message, at);
    if (length == 0) {
      return end ? *end : at + 1;
    }
    if (length <= label_octets_max) {
      octets += length + 1U;
      at += length + 1U;
      if (octets > name_octets_max) {
        return std::nullopt;
      }
      continue;
    }
    if ((length & 0xC0U) != 0xC0U || at + 2 > message.size()) {
      return std::nullopt;
    }
    const std::size_t target = u16_at(message, at) & 0x3FFFU;
    if (target >= part || target < header_octets || ++pointers > name_pointers_max) {
      return std::nullopt;
    }
    end = end ? end : at + 2;
    part = at = target;
  }
  return std::nullopt;
}

// How the RDATA of the types that we read with names in them is made up.
struct NameLayout {
  RecordType type;
  std::size_t before;  // octets
  unsigned names;
  std::size_t after;
};
constexpr std::array name_layouts{
    NameLayout{RecordType::ns, 0, 1, 0},   NameLayout{RecordType::cname, 0, 1, 0},
    NameLayout{RecordType::soa, 0, 2, 20}, NameLayout{RecordType::ptr, 0, 1, 0},
    NameLayout{RecordType::mx, 2, 1, 0},   NameLayout{RecordType::dname, 0, 1, 0},
};

bool is_rdata_sound(std::string_view message, std::uint16_t type, std::size_t at, std::size_t end) {
  for (const NameLayout& layout : name_layouts) {
    if (static_cast<std::uint16_t>(layout.type) != type) {
      continue;
    }
    at += layout.before;
    for (unsigned i = 0; i < layout.names; ++i) {
      const std::optional<std::size_t> next = end_of_name(message.substr(0, end), at);
      if (!next) {
        return false;
      }
      at = *next;
    }
    return at + layout.after == end;
  }
  return true;
}

std::optional<RecordSpan> lay_out_record(std::string_view message, std::size_t start) {
  const std::optional<std::size_t> owner_end = end_of_name(message, start);
  if (!owner_end || *owner_end + 10 > message.size()) {
    return std::nullopt;
  }
  RecordSpan span;
  span.start = start;
  span.root_owner = octet_at(message, start) == 0;
  span.type = u16_at(message, *owner_end);
  span.record_class = u16_at(message, *owner_end + 2);
  span.ttl = u32_at(message, *owner_end + 4);
  const std::size_t rdata = *owner_end + 10;
  span.end = rdata + u16_at(message, *owner_end + 8);
  if (span.end > message.size() || !is_rdata_sound(message, span.type, rdata, span.end)) {
    return std::nullopt;
  }
  return span;
}

}  // namespace

Header read_header(std::string_view message) {
  const std::uint16_t flags = u16_at(message, 2);
  Header header;
  header.id = u16_at(message, 0);
  header.response = (flags & 0x8000U) != 0;
  header.operation = static_cast<std::uint8_t>(flags >> 11 & 0xFU);
  header.authoritative = (flags & 0x0400U) != 0;
  header.truncated = (flags & 0x0200U) != 0;
  header.recursion_desired = (flags & 0x0100U) != 0;
  header.recursion_available = (flags & 0x0080U) != 0;
  header.authenticated_data = (flags & 0x0020U) != 0;
  header.checking_disabled = (flags & 0x0010U) != 0;
  header.code = static_cast<std::uint8_t>(flags & 0xFU);
  header.questions = u16_at(message, 4);
  header.answers = u16_at(message, 6);
  header.authorities = u16_at(message, 8);
  header.additionals = u16_at(message, 10);
  return header;
}

Result<QuestionSpan, MessageError> lay_out_question(std::string_view message) {
  const std::optional<std::size_t> end = end_of_name(message, header_octets);
  if (!end || *end + 4 > message.size()) {
    return failure(MessageError::malformed);
  }
  return QuestionSpan{
      .end = *end + 4, .type = u16_at(message, *end), .question_class = u16_at(message, *end + 2)};
}

Result<std::vector<RecordSpan>, MessageError> lay_out_records(std::string_view message,
                                                              const Header& header,
                                                              std::size_t begin) {
  const std::size_t count = std::size_t{header.answers} + header.authorities + header.additionals;
  if (count > message_records_max) {
    return failure(MessageError::too_many_records);
  }
  if (count * record_octets_min > message.size() - begin) {
    return failure(MessageError::malformed);
  }
  std::vector<RecordSpan> spans;
  spans.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::optional<RecordSpan> span = lay_out_record(message, begin);
    if (!span) {
      return failure(MessageError::malformed);
    }
    span->section = i < header.answers                                     ? Section::answer
                    : i < std::size_t{header.answers} + header.authorities ? Section::authority
                                                                           : Section::additional;
    begin = span->end;
    spans.push_back(*span);
  }
  if (begin != message.size()) {
    return failure(MessageError::malformed);
  }
  return spans;
}

}  // namespace postrider::dns
