#include "ldns_records.hpp"
#include "wire_layout.hpp"

#include <postrider/codec/dns/message.hpp>

namespace postrider::dns {

namespace {

bool push_question(ldns_pkt& packet, const Question& question) {
  RrHandle rr(ldns_rr_new());
  RdfHandle name = to_rdf(question.name);
  if (!rr || !name) {
    return false;
  }
  ldns_rr_set_owner(rr.get(), name.release());
  ldns_rr_set_type(rr.get(), static_cast<ldns_rr_type>(question.type));
  ldns_rr_set_class(rr.get(), LDNS_RR_CLASS_IN);
  ldns_rr_set_question(rr.get(), true);
  if (!ldns_pkt_push_rr(&packet, LDNS_SECTION_QUESTION, rr.get())) {
    return false;
  }
  (void)rr.release();  // the packet owns it now
  return true;
}

bool push_records(ldns_pkt& packet, ldns_pkt_section section, const std::vector<Record>& records) {
  for (const Record& record : records) {
    RrHandle rr = to_rr(record);
    if (!rr || !ldns_pkt_push_rr(&packet, section, rr.get())) {
      return false;
    }
    (void)rr.release();  // the packet owns it now
  }
  return true;
}

void set_edns(ldns_pkt& packet, const std::optional<Edns>& edns) {
  if (edns) {
    ldns_pkt_set_edns_udp_size(&packet, edns->payload_octets);
    ldns_pkt_set_edns_version(&packet, edns->version);
    ldns_pkt_set_edns_do(&packet, edns->dnssec_ok);
  }
}

Result<std::string, MessageError> to_wire(const ldns_pkt& packet) {
  std::uint8_t* raw = nullptr;
  std::size_t size = 0;
  const ldns_status status = ldns_pkt2wire(&raw, &packet, &size);
  const OctetsHandle octets(raw);
  if (status != LDNS_STATUS_OK || size > message_octets_max) {
    return failure(MessageError::invalid_name);
  }
  return std::string(reinterpret_cast<const char*>(octets.get()), size);
}

Result<std::string, MessageError> encode_whole(const Response& response, bool with_records) {
  const PacketHandle packet(ldns_pkt_new());
  if (!packet || !push_question(*packet, response.question)) {
    return failure(MessageError::invalid_name);
  }
  ldns_pkt_set_id(packet.get(), response.id);
  ldns_pkt_set_qr(packet.get(), true);
  ldns_pkt_set_aa(packet.get(), response.authoritative);
  ldns_pkt_set_tc(packet.get(), response.truncated || !with_records);
  ldns_pkt_set_rd(packet.get(), response.recursion_desired);
  ldns_pkt_set_ra(packet.get(), response.recursion_available);
  ldns_pkt_set_ad(packet.get(), response.authenticated_data);
  const auto code = static_cast<unsigned>(response.code);
  ldns_pkt_set_rcode(packet.get(), static_cast<std::uint8_t>(code & 0xFU));
  set_edns(*packet, response.edns);
  if (response.edns) {
    ldns_pkt_set_edns_extended_rcode(packet.get(), static_cast<std::uint8_t>(code >> 4));
  }
  if (with_records && !(push_records(*packet, LDNS_SECTION_ANSWER, response.answers) &&
                        push_records(*packet, LDNS_SECTION_AUTHORITY, response.authorities))) {
    return failure(MessageError::invalid_name);
  }
  return to_wire(*packet);
}

}  // namespace

std::string describe(ResponseCode code) {
  switch (code) {
    case ResponseCode::no_error:
      return "NOERROR";
    case ResponseCode::format_error:
      return "FORMERR";
    case ResponseCode::server_failure:
      return "SERVFAIL";
    case ResponseCode::no_such_name:
      return "NXDOMAIN";
    case ResponseCode::not_implemented:
      return "NOTIMP";
    case ResponseCode::refused:
      return "REFUSED";
    case ResponseCode::bad_version:
      return "BADVERS";
  }
  return "RCODE" + std::to_string(static_cast<unsigned>(code));
}

std::string_view describe(MessageError error) {
  switch (error) {
    case MessageError::not_ours:
      return "not the answer to this question";
    case MessageError::malformed:
      return "malformed message";
    case MessageError::too_many_records:
      return "too many records";
    case MessageError::unsupported:
      return "unsupported operation or class";
    case MessageError::invalid_name:
      return "not a domain name";
  }
  return "unknown error";
}

Result<std::string, MessageError> encode_query(const Query& query) {
  const PacketHandle packet(ldns_pkt_new());
  if (!packet || !push_question(*packet, query.question)) {
    return failure(MessageError::invalid_name);
  }
  ldns_pkt_set_id(packet.get(), query.id);
  ldns_pkt_set_rd(packet.get(), query.recursion_desired);
  ldns_pkt_set_cd(packet.get(), query.checking_disabled);
  ldns_pkt_set_ad(packet.get(), query.authenticated_data);
  set_edns(*packet, query.edns);
  return to_wire(*packet);
}

Result<std::string, MessageError> encode_response(const Response& response, std::size_t limit) {
  Result<std::string, MessageError> whole = encode_whole(response, true);
  if (whole && whole->size() <= limit) {
    return whole;
  }
  return encode_whole(response, false);
}

std::optional<std::string> encode_refusal(std::string_view query, ResponseCode code) {
  if (query.size() < header_octets || read_header(query).response) {
    return std::nullopt;
  }
  std::string out(header_octets, '\0');
  out[0] = query[0];
  out[1] = query[1];
  // QR, and the query's operation and RD.
  out[2] = static_cast<char>(0x80U | (static_cast<unsigned char>(query[2]) & 0x79U));
  out[3] = static_cast<char>(static_cast<unsigned>(code) & 0xFU);
  return out;
}

}  // namespace postrider::dns
