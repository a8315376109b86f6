#include <fmt/core.h>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/mime/header_writer.hpp>
#include <postrider/codec/mime/multipart.hpp>
#include <postrider/codec/mime/transfer_encoding.hpp>
#include <postrider/codec/report/report_mail.hpp>

namespace postrider::report {

namespace {

std::string mailbox_text(const std::string& address) {
  const auto mailbox = mime::parse_mailbox("<" + address + ">");
  return mailbox ? mailbox->addr_spec() : address;
}

void write_head(mime::HeaderWriter& writer, const ReportMail& mail) {
  writer.date("Date", mail.date);
  writer.structured("From", mailbox_text(mail.from));
  writer.structured("To", mailbox_text(mail.to));
  writer.unstructured("Subject", fmt::format("Report Domain: {} Submitter: {} Report-ID: <{}>",
                                             mail.domain, mail.submitter, mail.report_id));
  writer.structured("Message-ID", "<" + mail.message_id + ">");
  writer.structured("Auto-Submitted", "auto-generated");
  writer.structured("MIME-Version", "1.0");
}

// The words for people and the file.
std::string body_of(const ReportMail& mail, std::string words, std::string_view type) {
  const std::string header = fmt::format(
      "Content-Type: {}\r\n"
      "Content-Transfer-Encoding: base64\r\n"
      "Content-Disposition: attachment;\r\n filename=\"{}\"\r\n",
      type, mail.file_name);
  const std::vector<mime::Part> parts{
      {"Content-Type: text/plain; charset=us-ascii\r\n", std::move(words)},
      {header, mime::encode_base64_lines(mail.gzipped)}};
  auto body = mime::encode_multipart(parts, mail.boundary);
  check(body.has_value(), "a boundary of random letters stands in base64 with no hyphens");
  return "\r\n" + *std::move(body);
}

}  // namespace

std::string encode_tls_report_mail(const ReportMail& mail) {
  std::string out;
  mime::HeaderWriter writer(out, false);
  write_head(writer, mail);
  writer.structured("TLS-Report-Domain", mail.domain);
  writer.structured("TLS-Report-Submitter", mail.submitter);
  writer.structured("TLS-Required", "No");
  writer.structured(
      "Content-Type",
      fmt::format("multipart/report; report-type=\"tlsrpt\"; boundary=\"{}\"", mail.boundary));
  return out +
         body_of(mail,
                 fmt::format("This is an aggregate report about TLS with the mail hosts of\r\n"
                             "{}, as {} met them (RFC 8460).\r\n\r\n"
                             "The attached file holds it as gzipped JSON.\r\n",
                             mail.domain, mail.submitter),
                 "application/tlsrpt+gzip");
}

std::string encode_dmarc_report_mail(const ReportMail& mail) {
  std::string out;
  mime::HeaderWriter writer(out, false);
  write_head(writer, mail);
  writer.structured("Content-Type", fmt::format("multipart/mixed; boundary=\"{}\"", mail.boundary));
  return out + body_of(mail,
                       fmt::format("This is an aggregate report about mail with addresses of\r\n"
                                   "{} in From, as {} received it (DMARC, RFC 9990).\r\n\r\n"
                                   "The attached file holds it as gzipped XML.\r\n",
                                   mail.domain, mail.submitter),
                       "application/gzip");
}

}  // namespace postrider::report
