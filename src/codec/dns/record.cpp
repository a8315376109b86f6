#include <postrider/codec/dns/record.hpp>

namespace postrider::dns {

std::string_view describe(RecordType type) {
  switch (type) {
    case RecordType::a:
      return "A";
    case RecordType::ns:
      return "NS";
    case RecordType::cname:
      return "CNAME";
    case RecordType::soa:
      return "SOA";
    case RecordType::ptr:
      return "PTR";
    case RecordType::mx:
      return "MX";
    case RecordType::txt:
      return "TXT";
    case RecordType::aaaa:
      return "AAAA";
    case RecordType::dname:
      return "DNAME";
    case RecordType::ds:
      return "DS";
    case RecordType::rrsig:
      return "RRSIG";
    case RecordType::nsec:
      return "NSEC";
    case RecordType::dnskey:
      return "DNSKEY";
    case RecordType::nsec3:
      return "NSEC3";
    case RecordType::tlsa:
      return "TLSA";
  }
  return "record of another type";
}

}  // namespace postrider::dns
