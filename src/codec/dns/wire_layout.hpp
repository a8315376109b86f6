#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/codec/dns/message.hpp>

namespace postrider::dns {

enum class Section : std::uint8_t { answer, authority, additional };

// Where a record stands in a message.
struct RecordSpan {
  Section section{};
  std::uint16_t type = 0;
  std::uint16_t record_class = 0;
  std::uint32_t ttl = 0;
  std::size_t start = 0;  // of the owner's name
  std::size_t end = 0;
  bool root_owner = false;
};

struct Header {
  std::uint16_t id = 0;
  bool response = false;
  std::uint8_t operation = 0;
  bool authoritative = false;
  bool truncated = false;
  bool recursion_desired = false;
  bool recursion_available = false;
  bool authenticated_data = false;
  bool checking_disabled = false;
  std::uint8_t code = 0;
  std::uint16_t questions = 0;
  std::uint16_t answers = 0;
  std::uint16_t authorities = 0;
  std::uint16_t additionals = 0;
};

struct QuestionSpan {
  std::size_t end = 0;  // the name begins after the header
  std::uint16_t type = 0;
  std::uint16_t question_class = 0;
};

// At least header_octets.
[[nodiscard]] Header read_header(std::string_view message);
// The one question after the header.
[[nodiscard]] Result<QuestionSpan, MessageError> lay_out_question(std::string_view message);
// Finds each record, and shows that every name which ldns will be asked to read ends: ldns follows
// 65,535 pointers a name, in any direction. Nothing may stand behind the last record. Cost: linear
// in the message but for 127 pointers a name.
[[nodiscard]] Result<std::vector<RecordSpan>, MessageError> lay_out_records(
    std::string_view message, const Header& header, std::size_t begin);

}  // namespace postrider::dns
