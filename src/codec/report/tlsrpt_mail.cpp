#include <fmt/core.h>

#include <postrider/base/assert.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/mime/header_writer.hpp>
#include <postrider/codec/mime/multipart.hpp>
#include <postrider/codec/mime/transfer_encoding.hpp>
#include <postrider/codec/report/tlsrpt.hpp>

namespace postrider::report {

namespace {

std::string mailbox_text(const std::string& address) {
  const auto mailbox = mime::parse_mailbox("<" + address + ">");
  return mailbox ? mailbox->addr_spec() : address;
}

std::string words(const TlsReportMail& mail) {
  return fmt::format(
      "This is an aggregate report about TLS with the mail hosts of\r\n"
      "{}, as {} met them (RFC 8460).\r\n\r\n"
      "The attached file holds it as gzipped JSON.\r\n",
      mail.domain, mail.submitter);
}

}  // namespace

std::string encode_tls_report_mail(const TlsReportMail& mail) {
  std::string out;
  mime::HeaderWriter writer(out, false);
  writer.date("Date", mail.date);
  writer.structured("From", mailbox_text(mail.from));
  writer.structured("To", mailbox_text(mail.to));
  writer.unstructured("Subject", fmt::format("Report Domain: {} Submitter: {} Report-ID: <{}>",
                                             mail.domain, mail.submitter, mail.report_id));
  writer.structured("Message-ID", "<" + mail.message_id + ">");
  writer.structured("TLS-Report-Domain", mail.domain);
  writer.structured("TLS-Report-Submitter", mail.submitter);
  writer.structured("TLS-Required", "No");
  writer.structured("Auto-Submitted", "auto-generated");
  writer.structured("MIME-Version", "1.0");
  writer.structured(
      "Content-Type",
      fmt::format("multipart/report; report-type=\"tlsrpt\"; boundary=\"{}\"", mail.boundary));
  out += "\r\n";
  const std::string header = fmt::format(
      "Content-Type: application/tlsrpt+gzip\r\n"
      "Content-Transfer-Encoding: base64\r\n"
      "Content-Disposition: attachment;\r\n filename=\"{}\"\r\n",
      mail.file_name);
  const std::vector<mime::Part> parts{
      {"Content-Type: text/plain; charset=us-ascii\r\n", words(mail)},
      {header, mime::encode_base64_lines(mail.gzipped)}};
  const auto body = mime::encode_multipart(parts, mail.boundary);
  check(body.has_value(), "a boundary of random letters stands in base64 with no hyphens");
  return out + *body;
}

}  // namespace postrider::report
