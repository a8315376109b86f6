#pragma once

#include <string>

#include <postrider/base/time.hpp>

namespace postrider::report {

// An aggregate report by mail.
struct ReportMail {
  std::string from;        // address
  std::string to;          // address
  std::string submitter;   // domain that reports
  std::string domain;      // that is reported on
  std::string report_id;   // TlsReport::id, DmarcReport::id
  std::string file_name;   // tls_report_file_name, dmarc_report_file_name
  std::string message_id;  // "left@right"
  std::string boundary;    // of RFC 2046 5.1.1's alphabet, random
  WallTime date{};
  std::string gzipped;  // the report
};

// RFC 8460 5.3, complete but for its signature. It asks to be sent whatever the receiver's TLS
// policy (RFC 8460 3, RFC 8689 3): that policy may be what the report is about.
[[nodiscard]] std::string encode_tls_report_mail(const ReportMail& mail);
// RFC 7489 7.2.1.1, complete but for its signature.
[[nodiscard]] std::string encode_dmarc_report_mail(const ReportMail& mail);

}  // namespace postrider::report
