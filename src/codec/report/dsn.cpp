#include "words.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/mime/header_writer.hpp>
#include <postrider/codec/mime/message_id.hpp>
#include <postrider/codec/mime/multipart.hpp>
#include <postrider/codec/mime/transfer_encoding.hpp>
#include <postrider/codec/report/dsn.hpp>

namespace postrider::report {

namespace {

// A part's header: its type, its encoding unless that is 7bit, and what it is for people.
std::string part_header(std::string_view type, std::string_view encoding,
                        std::string_view description) {
  std::string header = fmt::format("Content-Type: {}\r\n", type);
  if (!encoding.empty()) {
    header += fmt::format("Content-Transfer-Encoding: {}\r\n", encoding);
  }
  return header + fmt::format("Content-Description: {}\r\n", description);
}

mime::Part words_part(std::string_view words, bool utf8_allowed) {
  if (is_ascii(words)) {
    return {part_header("text/plain; charset=us-ascii", "", "Notification"), std::string(words)};
  }
  if (utf8_allowed) {
    return {part_header("text/plain; charset=utf-8", "8bit", "Notification"), std::string(words)};
  }
  return {part_header("text/plain; charset=utf-8", "quoted-printable", "Notification"),
          mime::encode_quoted_printable(words)};
}

// RFC 6533 4: the global form only if something in it needs it and the way back can take it.
bool wants_global(const DsnRequest& request) {
  return request.utf8_allowed &&
         std::ranges::any_of(request.status.recipients, [](const RecipientStatus& recipient) {
           return !is_ascii(recipient.final.address) ||
                  (recipient.original && !is_ascii(recipient.original->address)) ||
                  (recipient.diagnostic && !is_ascii(*recipient.diagnostic));
         });
}

mime::Part status_part(const DsnRequest& request) {
  const bool global = wants_global(request);
  std::string body = encode_delivery_status(request.status, global);
  const bool eight_bit = !is_ascii(body);
  return {part_header(global ? "message/global-delivery-status" : "message/delivery-status",
                      eight_bit ? "8bit" : "", "Delivery report"),
          std::move(body)};
}

// RFC 6533 4 and 5: a header with UTF-8 makes it message/global or message/global-headers, which
// any encoding may carry (RFC 6532 3.7); message/rfc822 takes none (RFC 2046 5.2.1).
std::optional<mime::Part> original_part(const DsnRequest& request,
                                        const mime::HeaderSection& header) {
  if (request.returned == Returned::nothing || header.fields().empty()) {
    return std::nullopt;
  }
  const std::string_view all = request.original;
  const bool global = header.has_8bit();
  const bool eight_bit_body = !is_ascii(all.substr(header.header_octets()));
  const bool full = request.returned == Returned::full &&
                    all.size() <= request.max_returned_octets &&
                    (!eight_bit_body || global || request.eight_bit_allowed);
  const std::string_view content = full ? all : all.substr(0, header.header_octets());
  if (content.size() > request.max_returned_octets) {
    return std::nullopt;
  }
  const std::string_view description = full ? "Your message" : "Headers of your message";
  if (global && !request.utf8_allowed) {
    return mime::Part{
        part_header(full ? "message/global" : "message/global-headers", "base64", description),
        mime::encode_base64_lines(content)};
  }
  std::string_view type = full ? "message/rfc822" : "text/rfc822-headers";
  if (global) {
    type = full ? "message/global" : "message/global-headers";
  }
  return mime::Part{part_header(type, is_ascii(content) ? "" : "8bit", description),
                    std::string(content)};
}

void write_header(std::string& out, const DsnRequest& request, const mime::HeaderSection& original,
                  bool utf8, bool eight_bit) {
  mime::HeaderWriter writer(out, utf8);
  writer.date("Date", request.date);
  writer.mailboxes("From", {{"Mail Delivery System", "MAILER-DAEMON", request.hostname}});
  const auto to = mime::parse_mailbox("<" + request.to + ">");
  writer.structured("To", to ? to->addr_spec() : request.to);
  writer.unstructured("Subject", subject_in_words(request.status, original));
  writer.structured("Message-ID", "<" + request.message_id + ">");
  if (const mime::HeaderField* field = original.find("Message-ID")) {
    // So that a mail program shows the report beside the message it is about.
    if (const auto id = mime::parse_message_id(field->value); id && is_ascii(*id)) {
      writer.structured("References", "<" + *id + ">");
    }
  }
  writer.structured("Auto-Submitted", "auto-replied");  // RFC 3834 5
  writer.structured("MIME-Version", "1.0");
  writer.structured("Content-Type",
                    fmt::format("multipart/report; report-type=delivery-status; boundary=\"{}\"",
                                request.boundary));
  if (eight_bit) {
    writer.structured("Content-Transfer-Encoding", "8bit");
  }
}

}  // namespace

Result<EncodedDsn, DsnError> encode_dsn(const DsnRequest& request) {
  check(!request.to.empty(), "no report goes to the null reverse-path");
  check(!request.status.recipients.empty(), "a report is about recipients");
  const auto original =
      mime::scan_header(request.original).value_or(mime::HeaderSection());  // none if unreadable
  std::vector<mime::Part> parts;
  parts.push_back(words_part(report_in_words(request.status, original), request.utf8_allowed));
  parts.push_back(status_part(request));
  if (auto part = original_part(request, original)) {
    parts.push_back(std::move(*part));
  }
  const auto body = mime::encode_multipart(
      parts, request.boundary, "This is a report in MIME format, for programs and people.\r\n");
  if (!body) {
    return failure(DsnError::boundary_taken);
  }
  EncodedDsn dsn;
  dsn.needs_8bit = !is_ascii(*body);
  // A reverse-path that is not ASCII can be answered by SMTPUTF8 only.
  const bool utf8 = request.utf8_allowed || !is_ascii(request.to);
  write_header(dsn.message, request, original, utf8, dsn.needs_8bit);
  dsn.needs_smtputf8 = !is_ascii(dsn.message) || !is_ascii(request.to) ||
                       std::ranges::any_of(parts, [](const mime::Part& part) {
                         return part.header.starts_with("Content-Type: message/global") &&
                                part.header.find("base64") == std::string::npos;
                       });
  dsn.message += "\r\n";
  dsn.message += *body;
  return dsn;
}

}  // namespace postrider::report
