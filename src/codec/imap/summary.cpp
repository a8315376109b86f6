#include <postrider/base/record_fields.hpp>
#include <postrider/base/time.hpp>
#include <postrider/codec/imap/base_subject.hpp>
#include <postrider/codec/imap/envelope.hpp>
#include <postrider/codec/imap/sort_key.hpp>
#include <postrider/codec/imap/summary.hpp>
#include <postrider/codec/mime/date.hpp>
#include <postrider/codec/mime/encoded_word.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/message_id.hpp>

namespace postrider::imap {
namespace {

constexpr std::uint64_t has_sent = 1;
constexpr std::uint64_t is_reply = 2;

// The first of that name, unfolded; empty if there is none.
std::string value_of(const mime::HeaderSection& header, std::string_view name) {
  const mime::HeaderField* field = header.find(name);
  return field == nullptr ? std::string() : mime::unfold(field->value);
}

std::vector<std::string> references_of(const mime::HeaderSection& header) {
  auto out = mime::parse_message_ids(value_of(header, "References"));
  if (out.empty()) {
    out = mime::parse_message_ids(value_of(header, "In-Reply-To"));
    out.resize(std::min<std::size_t>(out.size(), 1));
  }
  return out;
}

}  // namespace

std::string summarize(std::string_view header) {
  const auto scanned = mime::scan_header(header);
  const mime::HeaderSection section = scanned ? *scanned : mime::HeaderSection{};
  const auto date = mime::parse_date(value_of(section, "Date"));
  const BaseSubject subject = base_subject(mime::decode_words(value_of(section, "Subject")));
  const AddressSortKeys from = address_sort_keys(value_of(section, "From"));
  const AddressSortKeys to = address_sort_keys(value_of(section, "To"));
  std::string envelope;
  encode_envelope(section, envelope);

  FieldWriter out;
  out.number((date ? has_sent : 0) | (subject.is_reply ? is_reply : 0));
  if (date) {
    out.fixed64(static_cast<std::uint64_t>(unix_seconds(date->time)));
  }
  out.text(envelope).text(casemap(subject.text));
  out.text(from.mailbox).text(to.mailbox);
  out.text(address_sort_keys(value_of(section, "Cc")).mailbox);
  out.text(from.display).text(to.display);
  out.text(mime::parse_message_id(value_of(section, "Message-ID")).value_or(""));
  const auto references = references_of(section);
  out.number(references.size());
  for (const std::string& reference : references) {
    out.text(reference);
  }
  return out.take();
}

namespace {

void read_front(FieldReader& in, SummaryView& out) {
  const std::uint64_t flags = in.number(has_sent | is_reply);
  out.is_reply = (flags & is_reply) != 0;
  if ((flags & has_sent) != 0) {
    out.sent = static_cast<std::int64_t>(in.fixed64());
  }
  out.envelope = in.view();
}

}  // namespace

std::optional<std::string_view> read_envelope(std::string_view record) {
  FieldReader in(record);
  SummaryView out;
  read_front(in, out);
  return in.is_sound() && !out.envelope.empty() ? std::optional(out.envelope) : std::nullopt;
}

std::optional<SummaryView> read_summary(std::string_view record) {
  FieldReader in(record);
  SummaryView out;
  read_front(in, out);
  for (std::string_view* key :
       {&out.subject, &out.from, &out.to, &out.cc, &out.display_from, &out.display_to, &out.id}) {
    *key = in.view();
  }
  out.references.resize(in.count());
  for (std::string_view& reference : out.references) {
    reference = in.view();
  }
  return in.is_sound() && in.is_at_end() ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace postrider::imap
