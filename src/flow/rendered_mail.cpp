#include <algorithm>
#include <array>
#include <utility>

#include <postrider/base/digest.hpp>
#include <postrider/base/record_fields.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/imap/summary.hpp>
#include <postrider/codec/mime/message_id.hpp>
#include <postrider/codec/mime/structure_record.hpp>
#include <postrider/flow/rendered_mail.hpp>

namespace postrider::flow {

namespace {

constexpr std::uint64_t version = 2;
constexpr std::uint64_t version_without_summary = 1;
constexpr std::uint64_t flag_cut = 1;

// Of one message's record: each copy of it has one.
constexpr std::size_t listed_octets_max = 32 * 1024;
constexpr std::size_t summary_octets_max = 16 * 1024;
constexpr std::size_t inner_octets_max = 8 * 1024;  // of each message in it
constexpr mime::StructureLimits limits{.kept_octets = 1024 * 1024};

// What the clients that we know ask for in one FETCH of a whole mailbox (Thunderbird, Roundcube,
// Mutt, Apple Mail, K-9, FairEmail), but for those that are long and seldom shown.
constexpr std::array<std::string_view, 35> listed_fields{
    "auto-submitted",
    "bcc",
    "cc",
    "content-description",
    "content-disposition",
    "content-language",
    "content-transfer-encoding",
    "content-type",
    "date",
    "disposition-notification-to",
    "from",
    "importance",
    "in-reply-to",
    "lines",
    "list-help",
    "list-id",
    "list-post",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "mail-followup-to",
    "mail-reply-to",
    "message-id",
    "mime-version",
    "newsgroups",
    "precedence",
    "priority",
    "references",
    "reply-to",
    "sender",
    "subject",
    "to",
    "x-draft-info",
    "x-label",
    "x-priority",
    "x-spam-flag",
};
static_assert(std::ranges::is_sorted(listed_fields));

// RFC 9051 7.5.2.
constexpr std::array<std::string_view, 10> envelope_fields{
    "bcc", "cc", "date", "from", "in-reply-to", "message-id", "reply-to", "sender", "subject", "to",
};
static_assert(std::ranges::is_sorted(envelope_fields));

bool is_envelope_field(std::string_view name) {
  return std::ranges::binary_search(envelope_fields, to_lower(name));
}

struct Selection {
  std::string fields;
  bool is_cut = false;
};

// Tolerant as the scanner is: lines may end in LF, and what is no field goes with the one before.
Selection select(std::string_view header, bool (*is_wanted)(std::string_view),
                 std::size_t octets_max) {
  Selection out;
  while (!header.empty()) {
    std::size_t end = 0;
    do {
      const std::size_t line = header.find('\n', end);
      end = line == header.npos ? header.size() : line + 1;
    } while (end < header.size() && (header[end] == ' ' || header[end] == '\t'));
    const std::string_view field = header.substr(0, end);
    header.remove_prefix(end);
    const std::size_t colon = field.find(':');
    if (colon == field.npos || !is_wanted(trim_wsp(field.substr(0, colon)))) {
      continue;
    }
    if (out.fields.size() + field.size() > octets_max) {
      out.is_cut = true;
      continue;
    }
    out.fields += field;
  }
  return out;
}

// The value of the first such field, folded as it is.
std::string_view value_of(std::string_view fields, std::string_view name) {
  std::size_t at = 0;
  while (at < fields.size()) {
    std::size_t end = at;
    do {
      const std::size_t line = fields.find('\n', end);
      end = line == fields.npos ? fields.size() : line + 1;
    } while (end < fields.size() && (fields[end] == ' ' || fields[end] == '\t'));
    const std::string_view field = fields.substr(at, end - at);
    const std::size_t colon = field.find(':');
    if (colon != field.npos && equals_ignoring_case(trim_wsp(field.substr(0, colon)), name)) {
      return field.substr(colon + 1);
    }
    at = end;
  }
  return {};
}

}  // namespace

bool is_listed_field(std::string_view name) {
  return std::ranges::binary_search(listed_fields, to_lower(name));
}

MailRenderer::MailRenderer() : scanner_(limits) {}

RenderedMail MailRenderer::finish() {
  RenderedMail out;
  out.structure = scanner_.finish();
  for (std::size_t i = 1; i < out.structure.entities.size(); ++i) {
    std::string& header = out.structure.entities[i].header;
    if (!header.empty()) {
      header = select(header, is_envelope_field, inner_octets_max).fields;
    }
  }
  mime::Entity& whole = out.structure.entities.front();
  Selection listed = select(whole.header, is_listed_field, listed_octets_max);
  // The scanner keeps a header up to its limit, and the blank line behind it is not one of them.
  constexpr std::uint64_t blank_line_octets = 2;
  out.is_listed_cut = listed.is_cut || whole.header.size() + blank_line_octets < whole.body_begin;
  out.listed = std::move(listed.fields);
  if (!out.is_listed_cut) {
    out.summary = imap::summarize(out.listed);
    if (out.summary.size() > summary_octets_max) {
      out.summary.clear();
    }
  }
  whole.header = {};
  return out;
}

std::uint64_t thread_of(std::string_view listed) {
  std::string root;
  for (const std::string_view name : {"references", "in-reply-to", "message-id"}) {
    const auto ids = mime::parse_message_ids(value_of(listed, name));
    if (!ids.empty()) {
      root = ids.front();
      break;
    }
  }
  if (root.empty()) {
    return 0;
  }
  const Sha256Digest digest = sha256(root);
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < sizeof out; ++i) {
    out = (out << 8) | static_cast<std::uint8_t>(digest.octets[i]);
  }
  return std::max<std::uint64_t>(out, 1);
}

std::string encode_rendered(const RenderedMail& mail) {
  return FieldWriter()
      .number(version)
      .number(mail.is_listed_cut ? flag_cut : 0)
      .text(mail.listed)
      .text(mail.summary)
      .text(mime::encode_structure(mail.structure))
      .take();
}

namespace {

std::optional<ListingView> read_front(FieldReader& reader) {
  const std::uint64_t found = reader.number(version);
  if (found < version_without_summary) {
    return std::nullopt;
  }
  ListingView out;
  out.is_listed_cut = reader.number(flag_cut) == flag_cut;
  out.listed = reader.view();
  if (found > version_without_summary) {
    out.summary = reader.view();
  }
  return reader.is_sound() ? std::optional(out) : std::nullopt;
}

std::optional<mime::Structure> read_last(FieldReader& reader) {
  const std::string_view structure = reader.view();
  return reader.is_sound() && reader.is_at_end() ? mime::decode_structure(structure) : std::nullopt;
}

}  // namespace

std::optional<ListingView> read_listing(std::string_view record) {
  FieldReader reader(record);
  return read_front(reader);
}

std::optional<mime::Structure> read_structure(std::string_view record) {
  FieldReader reader(record);
  return read_front(reader) ? read_last(reader) : std::nullopt;
}

std::optional<RenderedMail> decode_rendered(std::string_view record) {
  FieldReader reader(record);
  const auto listing = read_front(reader);
  if (!listing) {
    return std::nullopt;
  }
  auto structure = read_last(reader);
  if (!structure) {
    return std::nullopt;
  }
  return RenderedMail{std::string(listing->listed), listing->is_listed_cut,
                      std::string(listing->summary), *std::move(structure)};
}

}  // namespace postrider::flow
