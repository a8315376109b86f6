#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postrider/net/resolver.hpp>

namespace postrider::net {

// Records of one set that are used: more are a mistake or an attack on who compares them.
inline constexpr std::size_t tlsa_records_max = 64;

struct TlsaAnswer {
  enum class State : std::uint8_t {
    none,               // DANE says nothing of this host: another policy decides
    found,              // at least one record, from a secure answer
    temporary_failure,  // the host must not be used now (RFC 7672 2.1.2): the next, or defer
    bogus,              // as temporary_failure, with 4.7.5
  };
  State state = State::none;
  std::vector<dns::Tlsa> records;
  std::string base_domain;  // of found: where the records stand, without "_25._tcp."
  // Of found (RFC 7672 3.2.2): the base domain first, and the name before its CNAMEs. The
  // recipient's domain, which counts too, the caller adds.
  std::vector<std::string> reference_names;
  std::string reason;  // why not found: for people
};

// The TLSA records of a mail host (RFC 7672 2.2.2, 2.2.3), only if its addresses are secure: at the
// name after CNAMEs where that is secure, or else at the name itself. Whether the answer that named
// the host was secure is the caller's to know (MailHosts::security). Limits: tlsa_records_max, more
// count as temporary_failure. Errors: a state; the deadline gives temporary_failure.
[[nodiscard]] engine::Task<TlsaAnswer> find_tlsa(Resolver& resolver, std::string host,
                                                 std::uint16_t port, engine::Until until);

}  // namespace postrider::net
