#include "kept_items.hpp"

#include "mailbox_names.hpp"

#include <algorithm>

#include <postrider/codec/imap/body_structure.hpp>
#include <postrider/codec/imap/section.hpp>

namespace postrider::imap {

bool KeptItems::write(const FetchItem& item) {
  switch (item.kind) {
    case FetchKind::envelope:
      if (const auto envelope = message_.kept_envelope()) {
        writer_.envelope(*envelope);
        return true;
      }
      return false;
    case FetchKind::body:
    case FetchKind::body_structure:
      return write_structure(item);
    case FetchKind::section:
    case FetchKind::rfc822:
      return write_section(item);
    default:
      return write_fact(item);
  }
}

void KeptItems::write_flags() {
  const store::MailFacts& facts = message_.facts();
  writer_.flags(client_.selected->flags_of(message_.uid(), facts.flags));
  if (client_.enabled().condstore && !plan_.has_modseq) {
    writer_.modseq(facts.modseq);
  }
}

bool KeptItems::write_fact(const FetchItem& item) {
  const store::MailFacts& facts = message_.facts();
  switch (item.kind) {
    case FetchKind::uid:
      writer_.uid(message_.uid());
      return true;
    case FetchKind::flags:
      writer_.flags(client_.selected->flags_of(message_.uid(), facts.flags));
      return true;
    case FetchKind::internal_date:
      writer_.internal_date({facts.internal_date, facts.zone_minutes});
      return true;
    case FetchKind::rfc822_size:
      writer_.size(facts.size_bytes());
      return true;
    case FetchKind::modseq:
      writer_.modseq(facts.modseq);
      return true;
    case FetchKind::email_id:
      writer_.email_id(email_object_id(facts.email));
      return true;
    case FetchKind::thread_id:
      writer_.thread_id(thread_object_id(facts.thread));
      return true;
    case FetchKind::save_date:
      writer_.save_date(facts.saved);
      return true;
    default:
      return false;
  }
}

bool KeptItems::write_structure(const FetchItem& item) {
  const mime::Structure* structure = message_.kept_structure();
  if (structure == nullptr) {
    return false;
  }
  std::string encoded;
  if (item.kind == FetchKind::body) {
    encode_body(*structure, BodyForm::body, encoded);
    writer_.body(encoded);
  } else {
    encode_body(*structure, BodyForm::body_structure, encoded);
    writer_.body_structure(encoded);
  }
  return true;
}

// The whole message, or fields of its header.
bool KeptItems::write_section(const FetchItem& item) {
  const Section& section = item.section;
  if (section.part.empty() && section.text == Section::Text::header_fields) {
    const auto header = message_.kept_header_with(section.names);
    if (header) {
      const std::string fields = filter_header(*header, section.names, /*negate=*/false);
      const OctetRange range = clip(item.partial, fields.size());
      writer_.octets(item, std::string_view(fields).substr(range.offset, range.octets));
    }
    return header.has_value();
  }
  const auto whole = is_whole(item) ? message_.kept_octets() : std::nullopt;
  if (!whole) {
    return false;
  }
  const OctetRange range = clip(item.partial, whole->trace.size() + whole->body.size());
  const std::string_view trace =
      whole->trace.substr(std::min<std::size_t>(range.offset, whole->trace.size()), range.octets);
  const std::size_t skipped =
      range.offset - std::min<std::size_t>(range.offset, whole->trace.size());
  writer_.begin_octets(item, range.octets);
  client_.out().append(trace).append(whole->body.substr(skipped, range.octets - trace.size()));
  return true;
}

}  // namespace postrider::imap
