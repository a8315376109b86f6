#include "evidence.hpp"
#include "ldns_records.hpp"
#include "wire_layout.hpp"

#include <algorithm>
#include <string>

#include <postrider/codec/dns/message.hpp>

namespace postrider::dns {

namespace {

constexpr std::uint16_t class_in = 1;
constexpr std::uint16_t type_opt = 41;
constexpr std::uint8_t operation_query = 0;

// nullopt if ldns does not agree that it is a name.
std::optional<Question> read_question(std::string_view message, const QuestionSpan& span) {
  std::size_t at = header_octets;
  ldns_rdf* raw = nullptr;
  if (ldns_wire2dname(&raw, reinterpret_cast<const std::uint8_t*>(message.data()), span.end, &at) !=
      LDNS_STATUS_OK) {
    return std::nullopt;
  }
  const RdfHandle name(raw);
  return Question{.name = to_text(*name), .type = static_cast<RecordType>(span.type)};
}

// Payload size, version and flags stand in the fixed fields (RFC 6891 6.1.3); options are not read.
struct EdnsFields {
  std::optional<Edns> edns;
  std::uint16_t code_high = 0;
};
Result<EdnsFields, MessageError> read_edns(const std::vector<RecordSpan>& spans) {
  EdnsFields fields;
  for (const RecordSpan& span : spans) {
    if (span.type != type_opt) {
      continue;
    }
    // One at most, and in its place (RFC 6891 6.1.1).
    if (fields.edns || !span.root_owner || span.section != Section::additional) {
      return failure(MessageError::malformed);
    }
    // Less than 512 means 512 (RFC 6891 6.2.3).
    fields.edns = Edns{.payload_octets = std::max(span.record_class, udp_octets_min),
                       .version = static_cast<std::uint8_t>(span.ttl >> 16 & 0xFFU),
                       .dnssec_ok = (span.ttl & 0x8000U) != 0};
    fields.code_high = static_cast<std::uint16_t>(span.ttl >> 24);
  }
  return fields;
}

Result<void, MessageError> read_records(std::string_view message,
                                        const std::vector<RecordSpan>& spans, Response& response) {
  for (const RecordSpan& span : spans) {
    if (span.section == Section::additional || span.record_class != class_in) {
      continue;
    }
    std::optional<Record> record =
        read_record(message, span.start, span.end, static_cast<RecordType>(span.type));
    if (!record) {
      return failure(MessageError::malformed);
    }
    auto& section = span.section == Section::answer ? response.answers : response.authorities;
    section.push_back(std::move(*record));
  }
  return {};
}

bool is_error(const Header& header) {
  const auto code = static_cast<ResponseCode>(header.code);
  return code != ResponseCode::no_error && code != ResponseCode::no_such_name;
}

// Where the question ends, if the message answers `query`.
Result<std::size_t, MessageError> match_question(std::string_view message, const Header& header,
                                                 const Query& query) {
  if (!header.response || header.operation != operation_query || header.id != query.id) {
    return failure(MessageError::not_ours);
  }
  if (header.questions == 0 && is_error(header)) {
    return header_octets;
  }
  const auto span = lay_out_question(message);
  if (header.questions != 1 || !span || span->question_class != class_in ||
      read_question(message, *span) != query.question) {
    return failure(MessageError::not_ours);
  }
  return span->end;
}

}  // namespace

Result<Query, MessageError> parse_query(std::string_view octets) {
  if (octets.size() < header_octets || octets.size() > message_octets_max) {
    return failure(MessageError::malformed);
  }
  const Header header = read_header(octets);
  if (header.response) {
    return failure(MessageError::not_ours);
  }
  if (header.operation != operation_query) {
    return failure(MessageError::unsupported);
  }
  const auto span = lay_out_question(octets);
  if (header.questions != 1 || !span || header.answers != 0 || header.authorities != 0) {
    return failure(MessageError::malformed);
  }
  const auto records = lay_out_records(octets, header, span->end);
  if (!records) {
    return failure(records.error());
  }
  const auto edns = read_edns(*records);
  std::optional<Question> question = read_question(octets, *span);
  if (!edns || !question) {
    return failure(MessageError::malformed);
  }
  if (span->question_class != class_in) {
    return failure(MessageError::unsupported);
  }
  return Query{.id = header.id,
               .question = std::move(*question),
               .recursion_desired = header.recursion_desired,
               .checking_disabled = header.checking_disabled,
               .authenticated_data = header.authenticated_data,
               .edns = edns->edns};
}

Result<Response, MessageError> parse_response(std::string_view octets, const Query& query) {
  if (octets.size() < header_octets || octets.size() > message_octets_max) {
    return failure(MessageError::not_ours);
  }
  const Header header = read_header(octets);
  const auto question_end = match_question(octets, header, query);
  if (!question_end) {
    return failure(question_end.error());
  }
  Response response{.id = header.id,
                    .question = query.question,
                    .code = static_cast<ResponseCode>(header.code),
                    .authoritative = header.authoritative,
                    .truncated = header.truncated,
                    .recursion_desired = header.recursion_desired,
                    .recursion_available = header.recursion_available,
                    .authenticated_data = header.authenticated_data};
  if (response.truncated) {
    return response;
  }
  const auto records = lay_out_records(octets, header, *question_end);
  if (!records) {
    return failure(records.error());
  }
  const auto edns = read_edns(*records);
  if (!edns) {
    return failure(edns.error());
  }
  response.edns = edns->edns;
  response.code = static_cast<ResponseCode>(edns->code_high << 4 | header.code);
  if (const auto read = read_records(octets, *records, response); !read) {
    return failure(read.error());
  }
  if (query.edns && query.edns->dnssec_ok) {
    std::optional<Evidence> evidence = collect_evidence(octets, *records);
    if (!evidence) {
      return failure(MessageError::malformed);
    }
    evidence->no_such_name = response.code == ResponseCode::no_such_name;
    response.evidence = std::move(*evidence);
  }
  return response;
}

}  // namespace postrider::dns
