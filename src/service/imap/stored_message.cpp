#include "stored_message.hpp"

#include <algorithm>
#include <utility>

namespace postrider::imap {

using Part = store::MailDetails::Part;
using store::MailError;
using store::MailResult;

engine::Task<MailResult<void>> StoredMessage::load_detail(Part part) {
  if (!has_detail(part)) {
    auto detail = co_await store_.detail(account_, mailbox_, row_.uid);
    if (!detail) {
      co_return failure(detail.error());
    }
    const std::size_t trace_octets = detail->trace.size();
    detail_octets_ = SharedOctets(std::move(detail->trace.append(detail->rendered)));
    trace_ = detail_octets_.view().substr(0, trace_octets);
    rendered_ = detail_octets_.view().substr(trace_octets);
    detail_ = Part::all;
  }
  co_return MailResult<void>{};
}

engine::Task<MailResult<flow::ListingView>> StoredMessage::listing() {
  if (const auto loaded = co_await load_detail(Part::all); !loaded) {
    co_return failure(loaded.error());
  }
  if (rendered_anew_.empty()) {
    if (const auto kept = flow::read_listing(rendered_)) {
      co_return *kept;
    }
    if (const auto rendered = co_await render_anew(); !rendered) {
      co_return failure(rendered.error());
    }
  }
  co_return *flow::read_listing(rendered_anew_);
}

std::optional<SummaryView> StoredMessage::kept_summary() const {
  const auto kept = has_detail(Part::all) ? flow::read_listing(rendered_) : std::nullopt;
  return kept ? read_summary(kept->summary) : std::nullopt;
}

std::optional<std::string_view> StoredMessage::kept_envelope() const {
  const auto kept = has_detail(Part::all) ? flow::read_listing(rendered_) : std::nullopt;
  return kept ? read_envelope(kept->summary) : std::nullopt;
}

const mime::Structure* StoredMessage::kept_structure() {
  if (!structure_ && has_detail(Part::all)) {
    structure_ = flow::read_structure(rendered_);
  }
  return structure_ ? &*structure_ : nullptr;
}

std::optional<std::string> StoredMessage::kept_header_with(
    const std::vector<std::string>& names) const {
  const auto kept = has_detail(Part::all) ? flow::read_listing(rendered_) : std::nullopt;
  if (!kept || kept->is_listed_cut || !std::ranges::all_of(names, flow::is_listed_field)) {
    return std::nullopt;
  }
  std::string header(trace_);
  return std::move(header.append(kept->listed).append("\r\n"));
}

std::optional<StoredMessage::Octets> StoredMessage::kept_octets() const {
  const Octets octets{trace_, first_frame_.view()};
  const bool is_whole = has_detail(Part::trace) && octets.trace.size() == row_.facts.trace_bytes &&
                        octets.body.size() == row_.facts.body_bytes;
  return is_whole ? std::optional(octets) : std::nullopt;
}

engine::Task<MailResult<SummaryView>> StoredMessage::summary() {
  if (summary_.empty()) {
    const auto kept = co_await listing();
    if (!kept) {
      co_return failure(kept.error());
    }
    if (const auto found = read_summary(kept->summary)) {
      co_return *found;
    }
    if (kept->is_listed_cut) {
      const auto header = co_await this->header();
      if (!header) {
        co_return failure(header.error());
      }
      summary_ = summarize(*header);
    } else {
      summary_ = summarize(kept->listed);
    }
  }
  co_return *read_summary(summary_);
}

engine::Task<MailResult<const mime::Structure*>> StoredMessage::structure() {
  if (kept_structure() == nullptr) {
    if (const auto loaded = co_await load_detail(Part::all); !loaded) {
      co_return failure(loaded.error());
    }
  }
  if (kept_structure() == nullptr) {
    if (const auto rendered = co_await render_anew(); !rendered) {
      co_return failure(rendered.error());
    }
  }
  co_return &*structure_;
}

// Damaged, or of another version.
engine::Task<MailResult<void>> StoredMessage::render_anew() {
  flow::MailRenderer renderer;
  OctetSpan rest{row_.facts.trace_bytes, row_.facts.size_bytes()};
  while (rest.octets() > 0) {
    const auto piece = co_await read_some(rest);
    if (!piece) {
      co_return failure(piece.error());
    }
    renderer.feed(piece->view());
    rest.begin += piece->view().size();
  }
  flow::RenderedMail rendered = renderer.finish();
  rendered_anew_ = flow::encode_rendered(rendered);
  structure_ = std::move(rendered.structure);
  co_return MailResult<void>{};
}

engine::Task<MailResult<SharedOctets>> StoredMessage::read_some(OctetSpan span) {
  const std::uint64_t trace = row_.facts.trace_bytes;
  if (span.begin < trace) {
    if (const auto loaded = co_await load_trace(); !loaded) {
      co_return failure(loaded.error());
    }
    const auto begin = static_cast<std::size_t>(trace_.data() - detail_octets_.view().data());
    co_return detail_octets_.part(
        begin + span.begin, std::min<std::uint64_t>(span.octets(), trace_.size() - span.begin));
  }
  const std::uint64_t offset = span.begin - trace;
  if (offset < first_frame_.view().size()) {
    co_return first_frame_.part(offset, span.octets());
  }
  auto piece = co_await store_.read_body(row_.facts.blob, offset);
  if (!piece) {
    co_return failure(piece.error());
  }
  if (piece->view().empty()) {
    co_return failure(MailError::corrupt);  // shorter than its record says
  }
  co_return piece->part(0, span.octets());
}

engine::Task<MailResult<std::string>> StoredMessage::read(OctetSpan span) {
  std::string out;
  while (span.octets() > 0) {
    const auto piece = co_await read_some(span);
    if (!piece) {
      co_return failure(piece.error());
    }
    out += piece->view();
    span.begin += piece->view().size();
  }
  co_return out;
}

engine::Task<MailResult<std::string>> StoredMessage::header() {
  const auto structure = co_await this->structure();
  if (!structure) {
    co_return failure(structure.error());
  }
  const std::uint64_t end = row_.facts.trace_bytes + (*structure)->entities.front().body_begin;
  co_return co_await read({0, std::min(end, header_octets_max)});
}

engine::Task<MailResult<std::string>> StoredMessage::header_with(
    const std::vector<std::string>& names, bool negate) {
  const bool all_listed = !negate && std::ranges::all_of(names, flow::is_listed_field);
  if (all_listed) {
    const auto listing = co_await this->listing();
    if (!listing) {
      co_return failure(listing.error());
    }
    if (!listing->is_listed_cut) {
      std::string header(trace_);
      co_return header.append(listing->listed).append("\r\n");
    }
  }
  co_return co_await header();
}

engine::Task<MailResult<std::optional<OctetSpan>>> StoredMessage::place_of(const Section& section) {
  const bool is_message = section.part.empty();
  const std::uint64_t trace = row_.facts.trace_bytes;
  if (is_message && section.text == Section::Text::whole) {
    co_return OctetSpan{0, row_.facts.size_bytes()};  // nothing need be read for it
  }
  const auto structure = co_await this->structure();
  if (!structure) {
    co_return failure(structure.error());
  }
  const auto place = find_section(**structure, section);
  if (!place) {
    co_return std::nullopt;
  }
  // The trace is the beginning of the whole message's header.
  const bool is_own_header =
      place->entity == 0 &&
      (section.text == Section::Text::mime || (is_message && section.text != Section::Text::text));
  const std::uint64_t begin = is_own_header ? 0 : trace + place->begin;
  const std::uint64_t end = std::min(trace + place->end, row_.facts.size_bytes());
  co_return OctetSpan{std::min(begin, end), end};
}

}  // namespace postrider::imap
