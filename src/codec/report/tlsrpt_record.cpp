#include <algorithm>
#include <optional>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/report/tlsrpt_record.hpp>

namespace postrider::report {

namespace {

bool is_tlsrpt_record(std::string_view record) {
  constexpr std::string_view head = "v=TLSRPTv1";
  return record.starts_with(head) && trim_wsp(record.substr(head.size())).starts_with(';');
}

std::optional<unsigned> hex_digit(char c) {
  c = ascii_lower(c);
  if (is_ascii_digit(c)) {
    return static_cast<unsigned>(c - '0');
  }
  return c >= 'a' && c <= 'f' ? std::optional(static_cast<unsigned>(c - 'a') + 10) : std::nullopt;
}

// RFC 3986 2.1.
std::optional<std::string> decode_escapes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
    if (!high || !low) {
      return std::nullopt;
    }
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return out;
}

// RFC 6068: one address; header fields after "?" are not for us to take from strangers.
std::optional<std::string> mail_of(std::string_view rest) {
  const auto address = decode_escapes(rest.substr(0, rest.find('?')));
  if (!address || !is_ascii(*address)) {
    return std::nullopt;
  }
  const auto mailbox = mime::parse_mailbox("<" + *address + ">");
  return mailbox ? std::optional(mailbox->addr_spec()) : std::nullopt;
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// False: not a URI at all.
bool take_uri(TlsrptRecord& out, std::string_view uri) {
  const std::size_t colon = uri.find(':');
  if (colon == 0 || colon == std::string_view::npos || !is_visible(uri)) {
    return false;
  }
  if (out.mail.size() + out.https.size() >= tlsrpt_destinations_max) {
    return true;
  }
  const std::string_view scheme = uri.substr(0, colon);
  if (equals_ignoring_case(scheme, "mailto")) {
    if (auto address = mail_of(uri.substr(colon + 1))) {
      out.mail.push_back(*std::move(address));
    }
  } else if (equals_ignoring_case(scheme, "https")) {
    out.https.emplace_back(uri);
  }
  return true;
}

Result<TlsrptRecord, TlsrptRecordError> read_record(std::string_view record) {
  TlsrptRecord out;
  const std::vector<std::string_view> fields = split(record, ';');
  for (std::size_t i = 1; i < fields.size(); ++i) {
    const std::string_view field = trim_wsp(fields[i]);
    const std::size_t equals = field.find('=');
    if (field.empty() && i + 1 == fields.size()) {
      continue;
    }
    if (equals == std::string_view::npos || equals == 0) {
      return failure(TlsrptRecordError::malformed);
    }
    if (trim_wsp(field.substr(0, equals)) != "rua") {
      continue;  // RFC 8460 3: extensions
    }
    for (const std::string_view uri : split(field.substr(equals + 1), ',')) {
      if (!take_uri(out, trim_wsp(uri))) {
        return failure(TlsrptRecordError::malformed);
      }
    }
  }
  if (out.mail.empty() && out.https.empty()) {
    return failure(TlsrptRecordError::malformed);
  }
  return out;
}

}  // namespace

std::string_view describe(TlsrptRecordError error) {
  switch (error) {
    case TlsrptRecordError::absent:
      return "no TLSRPT record";
    case TlsrptRecordError::ambiguous:
      return "several TLSRPT records: none counts";
    case TlsrptRecordError::malformed:
      return "the TLSRPT record is malformed, or names no place that reports can go to";
  }
  return "unknown";
}

Result<TlsrptRecord, TlsrptRecordError> parse_tlsrpt_record(
    const std::vector<std::string>& records) {
  const auto first = std::ranges::find_if(records, is_tlsrpt_record);
  if (first == records.end()) {
    return failure(TlsrptRecordError::absent);
  }
  if (std::any_of(first + 1, records.end(), is_tlsrpt_record)) {
    return failure(TlsrptRecordError::ambiguous);
  }
  return read_record(*first);
}

}  // namespace postrider::report
