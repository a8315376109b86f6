#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>

// Aggregate reports of DMARC (RFC 9990; RFC 7489 7.2 and appendix C, which most reporters follow).
namespace postrider::report {

// Of reports from outside.
namespace dmarc_report_limits {
inline constexpr std::size_t octets = 8UL << 20;  // of XML
inline constexpr std::size_t rows = 100'000;
inline constexpr std::size_t signatures = 100;     // of one row
inline constexpr std::size_t text_octets = 1'000;  // of each text; the rest is cut off
}  // namespace dmarc_report_limits

// What was done with the messages of a row: nothing, since DMARC passed or since its owner asks for
// nothing; or something.
enum class DmarcDisposition : std::uint8_t { none, pass, quarantine, reject };
[[nodiscard]] std::string_view describe(DmarcDisposition disposition);

// Why that was not what the policy asks for.
struct DmarcOverride {
  std::string type;  // "local_policy", "mailing_list", "policy_test_mode", "trusted_forwarder",
                     // "other"; in reports of RFC 7489 also "forwarded", "sampled_out"
  std::string comment;
  friend bool operator==(const DmarcOverride&, const DmarcOverride&) = default;
};

struct DmarcSignature {
  std::string domain;
  std::string selector;
  std::string result;  // as in RFC 8601 2.7.1
  friend bool operator==(const DmarcSignature&, const DmarcSignature&) = default;
};

// Messages that were alike.
struct DmarcRow {
  std::string source_ip;
  std::uint64_t count = 0;
  DmarcDisposition disposition = DmarcDisposition::none;
  bool dkim_aligned = false;  // a signature of the author's domain held
  bool spf_aligned = false;
  std::vector<DmarcOverride> overrides;
  std::string header_from;    // domain
  std::string envelope_from;  // domain; empty: the null reverse-path, or not said
  std::vector<DmarcSignature> signatures;
  std::string spf_domain;  // of the reverse-path, or of HELO; empty: not checked
  std::string spf_scope;   // "mfrom", "helo"
  std::string spf_result;
  friend bool operator==(const DmarcRow&, const DmarcRow&) = default;
};
// But for their count.
[[nodiscard]] bool is_same_row(const DmarcRow& a, const DmarcRow& b);

// The record that was applied. Texts as in it; empty: not there.
struct DmarcPublished {
  std::string domain;
  std::string policy;              // p
  std::string subdomain_policy;    // sp
  std::string nonexistent_policy;  // np
  std::string dkim_alignment;      // adkim
  std::string spf_alignment;       // aspf
  std::string failure_options;     // fo
  bool testing = false;            // t=y
  std::string discovery;           // "treewalk", "psl"
  friend bool operator==(const DmarcPublished&, const DmarcPublished&) = default;
};

struct DmarcReport {
  std::string organization;
  std::string email;
  std::string contact;
  std::string id;
  WallTime begin{};
  WallTime end{};
  std::string generator;
  DmarcPublished published;
  std::vector<DmarcRow> rows;
  friend bool operator==(const DmarcReport&, const DmarcReport&) = default;
};

// As XML of RFC 9990. What XML has no place for (controls, broken UTF-8) becomes '?'.
[[nodiscard]] std::string encode_dmarc_report(const DmarcReport& report);
// Of either kind, with or without a namespace. No entity but XML's own five is followed, nothing is
// fetched. Errors: what is wrong, for people. Memory: up to 25 times the input.
[[nodiscard]] Result<DmarcReport, std::string> parse_dmarc_report(std::string_view xml);

// RFC 7489 7.2.1.1: "receiver!policy-domain!begin!end!id.xml.gz".
[[nodiscard]] std::string dmarc_report_file_name(std::string_view receiver,
                                                 const DmarcReport& report);

}  // namespace postrider::report
