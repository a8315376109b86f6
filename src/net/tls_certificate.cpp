#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>

#include <postrider/base/der.hpp>
#include <postrider/base/text.hpp>
#include <postrider/net/tls_certificate.hpp>

namespace postrider::net {
namespace {

using namespace std::string_view_literals;

constexpr std::uint8_t utc_time = 0x17;
constexpr std::uint8_t generalized_time = 0x18;

constexpr auto oid_common_name = "\x55\x04\x03"sv;
constexpr auto oid_key_usage = "\x55\x1d\x0f"sv;
constexpr auto oid_alternative_name = "\x55\x1d\x11"sv;
constexpr auto oid_basic_constraints = "\x55\x1d\x13"sv;
constexpr auto oid_name_constraints = "\x55\x1d\x1e"sv;
constexpr auto oid_extended_key_usage = "\x55\x1d\x25"sv;
// subjectKeyIdentifier, authorityKeyIdentifier, issuerAltName: hints. certificatePolicies: every
// policy is welcome.
constexpr std::array harmless_extensions{"\x55\x1d\x0e"sv, "\x55\x1d\x23"sv, "\x55\x1d\x12"sv,
                                         "\x55\x1d\x20"sv};
constexpr auto oid_any_usage = "\x55\x1d\x25\x00"sv;
constexpr auto oid_server_auth = "\x2b\x06\x01\x05\x05\x07\x03\x01"sv;

// UTCTime YYMMDDHHMMSSZ or GeneralizedTime YYYYMMDDHHMMSSZ (RFC 5280 4.1.2.5).
std::optional<std::int64_t> read_time(DerReader& reader) {
  const auto element = reader.next();
  if (!element || (element->tag != utc_time && element->tag != generalized_time)) {
    return std::nullopt;
  }
  auto digits = element->content;
  const std::size_t year_digits = element->tag == utc_time ? 2 : 4;
  if (digits.size() != year_digits + 11 || digits.back() != 'Z') {
    return std::nullopt;
  }
  std::array<int, 6> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto size = i == 0 ? year_digits : 2;
    const auto value = parse_decimal(digits.substr(0, size));
    if (!value) {
      return std::nullopt;
    }
    parts[i] = static_cast<int>(*value);
    digits.remove_prefix(size);
  }
  if (element->tag == utc_time) {
    parts[0] += parts[0] < 50 ? 2000 : 1900;
  }
  const std::chrono::year_month_day date(std::chrono::year(parts[0]),
                                         std::chrono::month(static_cast<unsigned>(parts[1])),
                                         std::chrono::day(static_cast<unsigned>(parts[2])));
  if (!date.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 60) {
    return std::nullopt;
  }
  const auto time = std::chrono::sys_days(date) + std::chrono::hours(parts[3]) +
                    std::chrono::minutes(parts[4]) + std::chrono::seconds(parts[5]);
  return time.time_since_epoch() / std::chrono::seconds(1);
}

std::string_view common_name_of(std::string_view subject) {
  std::string_view found;
  DerReader outer(subject);
  const auto name = outer.next(der_tag::sequence);
  DerReader sets(name ? name->content : std::string_view());
  while (const auto set = sets.next(der_tag::set)) {
    DerReader attributes(set->content);
    while (const auto attribute = attributes.next(der_tag::sequence)) {
      DerReader fields(attribute->content);
      const auto type = fields.next(der_tag::object_identifier);
      const auto value = fields.next();
      if (type && value && type->content == oid_common_name) {
        found = value->content;
      }
    }
  }
  return found;
}

bool read_alternative_names(std::string_view value, CertificateView& certificate) {
  const auto names = DerReader(value).next(der_tag::sequence);
  if (!names) {
    return false;
  }
  DerReader reader(names->content);
  while (!reader.at_end()) {
    const auto name = reader.next();
    if (!name) {
      return false;
    }
    if (name->tag == der_tag::context_primitive(2)) {
      certificate.dns_names.push_back(name->content);
    } else if (name->tag == der_tag::context_primitive(7)) {
      certificate.addresses.push_back(name->content);
    }
  }
  return true;
}

bool read_basic_constraints(std::string_view value, CertificateView& certificate) {
  const auto fields = DerReader(value).next(der_tag::sequence);
  if (!fields) {
    return false;
  }
  DerReader reader(fields->content);
  const auto ca = reader.next(der_tag::boolean);
  certificate.is_ca = ca && ca->content == "\xff"sv;
  if (const auto length = reader.next(der_tag::integer)) {
    // More than seven bits are as good as no limit, and a negative number is none.
    if (length->content.empty() || (length->content.front() & 0x80) != 0) {
      return false;
    }
    certificate.path_length =
        length->content.size() > 1 ? 0x80 : static_cast<std::uint8_t>(length->content.front());
  }
  return reader.at_end();
}

bool read_key_usage(std::string_view value, CertificateView& certificate) {
  const auto bits = DerReader(value).next(der_tag::bit_string);
  if (!bits || bits->content.size() < 2) {
    return false;
  }
  // keyCertSign is bit 5, counted from the most significant; the first octet counts unused bits.
  certificate.may_sign_certificates = (bits->content[1] & 0x04) != 0;
  return true;
}

bool read_extended_key_usage(std::string_view value, CertificateView& certificate) {
  const auto usages = DerReader(value).next(der_tag::sequence);
  if (!usages) {
    return false;
  }
  certificate.may_serve_tls = false;
  DerReader reader(usages->content);
  while (const auto usage = reader.next(der_tag::object_identifier)) {
    if (usage->content == oid_server_auth || usage->content == oid_any_usage) {
      certificate.may_serve_tls = true;
    }
  }
  return reader.at_end();
}

bool read_extension(std::string_view octets, CertificateView& certificate) {
  DerReader fields(octets);
  const auto oid = fields.next(der_tag::object_identifier);
  const auto critical = fields.next(der_tag::boolean);
  const auto value = fields.next(der_tag::octet_string);
  if (!oid || !value) {
    return false;
  }
  if (oid->content == oid_alternative_name) {
    return read_alternative_names(value->content, certificate);
  }
  if (oid->content == oid_basic_constraints) {
    return read_basic_constraints(value->content, certificate);
  }
  if (oid->content == oid_key_usage) {
    return read_key_usage(value->content, certificate);
  }
  if (oid->content == oid_extended_key_usage) {
    return read_extended_key_usage(value->content, certificate);
  }
  if (oid->content == oid_name_constraints) {
    certificate.name_constraints = value->content;
    return true;
  }
  certificate.has_unknown_critical |=
      critical && critical->content != "\x00"sv &&
      std::ranges::find(harmless_extensions, oid->content) == harmless_extensions.end();
  return true;
}

bool read_extensions(DerReader& tbs, CertificateView& certificate) {
  (void)tbs.next(der_tag::context_primitive(1));  // issuerUniqueID and subjectUniqueID: not used
  (void)tbs.next(der_tag::context_primitive(2));
  const auto wrapped = tbs.next(der_tag::context(3));
  if (!wrapped) {
    return tbs.at_end();
  }
  const auto list = DerReader(wrapped->content).next(der_tag::sequence);
  if (!list) {
    return false;
  }
  DerReader reader(list->content);
  while (const auto extension = reader.next(der_tag::sequence)) {
    if (!read_extension(extension->content, certificate)) {
      return false;
    }
  }
  return reader.at_end();
}

}  // namespace

std::optional<CertificateView> parse_certificate(std::string_view der) {
  DerReader file(der);
  const auto outer = file.next(der_tag::sequence);
  if (!outer || !file.at_end()) {
    return std::nullopt;
  }
  DerReader parts(outer->content);
  const auto tbs_element = parts.next(der_tag::sequence);
  const auto signature_algorithm = parts.next(der_tag::sequence);
  if (!tbs_element || !signature_algorithm) {
    return std::nullopt;
  }
  DerReader tbs(tbs_element->content);
  (void)tbs.next(der_tag::context(0));  // the version: extensions tell what matters
  const auto serial = tbs.next(der_tag::integer);
  const auto inner_algorithm = tbs.next(der_tag::sequence);
  const auto issuer = tbs.next(der_tag::sequence);
  const auto validity = tbs.next(der_tag::sequence);
  const auto subject = tbs.next(der_tag::sequence);
  const auto spki = tbs.next(der_tag::sequence);
  if (!serial || !inner_algorithm || inner_algorithm->whole != signature_algorithm->whole ||
      !issuer || !validity || !subject || !spki) {
    return std::nullopt;
  }
  DerReader times(validity->content);
  const auto not_before = read_time(times);
  const auto not_after = read_time(times);
  if (!not_before || !not_after) {
    return std::nullopt;
  }
  CertificateView certificate{.der = der,
                              .serial = serial->content,
                              .issuer = issuer->whole,
                              .subject = subject->whole,
                              .spki = spki->whole,
                              .signature_algorithm = signature_algorithm->whole,
                              .not_before = *not_before,
                              .not_after = *not_after,
                              .dns_names = {},
                              .addresses = {},
                              .common_name = common_name_of(subject->whole),
                              .name_constraints = {}};
  if (!read_extensions(tbs, certificate)) {
    return std::nullopt;
  }
  return certificate;
}

}  // namespace postrider::net
