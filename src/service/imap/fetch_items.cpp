#include "fetch_items.hpp"

#include "kept_items.hpp"
#include "message_preview.hpp"
#include "replies.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/body_structure.hpp>
#include <postrider/codec/imap/fetch_response.hpp>
#include <postrider/codec/imap/section.hpp>
#include <postrider/codec/mime/transfer_encoding.hpp>

namespace postrider::imap {
namespace {

using store::MailResult;

bool has_octets(FetchKind kind) {
  switch (kind) {
    case FetchKind::section:
    case FetchKind::binary:
    case FetchKind::rfc822:
    case FetchKind::rfc822_header:
    case FetchKind::rfc822_text:
      return true;
    default:
      return false;
  }
}

// Beyond what details have: of header fields they have nearly all that is asked for.
bool reads_body(const FetchItem& item) {
  const bool is_fields = item.section.text == Section::Text::header_fields;
  return has_octets(item.kind) && !(item.kind == FetchKind::section && is_fields);
}

bool reads_details(const FetchItem& item) {
  const FetchKind kind = item.kind;
  return (has_octets(kind) && !is_whole(item)) || kind == FetchKind::envelope ||
         kind == FetchKind::body || kind == FetchKind::body_structure ||
         kind == FetchKind::binary_size || kind == FetchKind::preview ||
         kind == FetchKind::preview_lazy;
}

bool asks_for(const FetchPlan& plan, FetchKind kind) {
  return std::ranges::any_of(plan.items,
                             [kind](const FetchItem& item) { return item.kind == kind; });
}

// RFC822 and its like are sections with names of their own.
Section section_of(const FetchItem& item) {
  Section section = item.section;
  if (item.kind == FetchKind::rfc822_header) {
    section.text = Section::Text::header;
  } else if (item.kind == FetchKind::rfc822_text) {
    section.text = Section::Text::text;
  }
  return section;
}

// Writes the items of one message. A coroutine each for what has to be read.
class ItemWriter {
 public:
  ItemWriter(Client& client, const FetchPlan& plan, std::uint32_t number, StoredMessage& message)
      : client_(client),
        plan_(plan),
        message_(message),
        writer_(number, client.out()),
        kept_(client, plan, message, writer_) {}

  engine::Task<std::optional<Status>> write(bool seen_now) {
    for (std::size_t i = 0; i < plan_.items.size(); ++i) {
      if (!write_kept(i, seen_now)) {
        if (auto refusal = co_await write_read(plan_.items[i])) {
          co_return refusal;
        }
      }
    }
    writer_.end();
    co_return std::nullopt;
  }

  // False: something of it has to be read.
  [[nodiscard]] bool write_kept(bool seen_now) {
    for (std::size_t i = 0; i < plan_.items.size(); ++i) {
      if (!write_kept(i, seen_now)) {
        return false;
      }
    }
    writer_.end();
    return true;
  }

 private:
  bool write_kept(std::size_t i, bool seen_now) {
    if (seen_now && i == plan_.first_octets && !plan_.has_flags) {
      kept_.write_flags();
    }
    return kept_.write(plan_.items[i]);
  }

  engine::Task<std::optional<Status>> write_read(const FetchItem& item) {
    switch (item.kind) {
      case FetchKind::envelope:
        return write_envelope();
      case FetchKind::body:
      case FetchKind::body_structure:
        return write_structure(item.kind);
      case FetchKind::binary:
      case FetchKind::binary_size:
        // Headers, and TEXT, have no encoding that could be taken off.
        return item.section.text == Section::Text::whole ? write_binary(item) : write_section(item);
      case FetchKind::preview:
      case FetchKind::preview_lazy:
        return write_preview();
      case FetchKind::section:
      case FetchKind::rfc822:
      case FetchKind::rfc822_header:
      case FetchKind::rfc822_text:
        return write_section(item);
      default:
        return refuse(bad("No such item"));
    }
  }

  static engine::Task<std::optional<Status>> refuse(Status status) { co_return status; }

  engine::Task<std::optional<Status>> write_envelope() {
    const auto summary = co_await message_.summary();
    if (!summary) {
      co_return refusal_of(summary.error());
    }
    writer_.envelope(summary->envelope);
    co_return std::nullopt;
  }

  engine::Task<std::optional<Status>> write_structure(FetchKind kind) {
    const auto structure = co_await message_.structure();
    if (!structure) {
      co_return refusal_of(structure.error());
    }
    std::string encoded;
    if (kind == FetchKind::body) {
      encode_body(**structure, BodyForm::body, encoded);
      writer_.body(encoded);
    } else {
      encode_body(**structure, BodyForm::body_structure, encoded);
      writer_.body_structure(encoded);
    }
    co_return std::nullopt;
  }

  engine::Task<std::optional<Status>> write_preview() {
    const auto text = co_await make_preview(message_);
    if (!text) {
      co_return refusal_of(text.error());
    }
    writer_.preview(*text);
    co_return std::nullopt;
  }

  // Of what is small, or has to be made up.
  void write_octets(const FetchItem& item, std::string_view octets) {
    if (item.kind == FetchKind::binary_size) {
      writer_.binary_size(item, octets.size());
      return;
    }
    const OctetRange range = clip(item.partial, octets.size());
    writer_.octets(item, octets.substr(range.offset, range.octets));
  }

  void write_nothing(const FetchItem& item) {
    if (item.kind == FetchKind::binary_size) {
      writer_.binary_size(item, 0);
    } else {
      writer_.no_octets(item);
    }
  }

  engine::Task<std::optional<Status>> write_section(const FetchItem& item) {
    const Section section = section_of(item);
    const auto place = co_await message_.place_of(section);
    if (!place) {
      co_return refusal_of(place.error());
    }
    if (!*place) {
      write_nothing(item);
      co_return std::nullopt;
    }
    switch (section.text) {
      case Section::Text::header_fields:
      case Section::Text::header_fields_not:
        co_return co_await write_fields(item, **place);
      case Section::Text::mime:
        co_return co_await write_part_header(item, **place);
      case Section::Text::whole:
      case Section::Text::header:
      case Section::Text::text:
        break;
    }
    co_return co_await write_span(item, **place);
  }

  engine::Task<std::optional<Status>> write_fields(const FetchItem& item, OctetSpan place) {
    const bool negate = item.section.text == Section::Text::header_fields_not;
    MailResult<std::string> header;
    if (item.section.part.empty()) {
      header = co_await message_.header_with(item.section.names, negate);
    } else {
      place.end = std::min(place.end, place.begin + StoredMessage::header_octets_max);
      header = co_await message_.read(place);
    }
    if (!header) {
      co_return refusal_of(header.error());
    }
    write_octets(item, filter_header(*header, item.section.names, negate));
    co_return std::nullopt;
  }

  // BODY[n.MIME] ends in an empty line, also where the part has none.
  engine::Task<std::optional<Status>> write_part_header(const FetchItem& item, OctetSpan place) {
    place.end = std::min(place.end, place.begin + StoredMessage::header_octets_max);
    auto header = co_await message_.read(place);
    if (!header) {
      co_return refusal_of(header.error());
    }
    if (!header->empty() && !header->ends_with('\n')) {
      *header += "\r\n";
    }
    if (*header != "\r\n" && !header->ends_with("\n\r\n") && !header->ends_with("\n\n")) {
      *header += "\r\n";
    }
    write_octets(item, *header);
    co_return std::nullopt;
  }

  // Never whole in memory: it goes out as it is read. The first piece is read before the literal is
  // promised.
  engine::Task<std::optional<Status>> write_span(const FetchItem& item, OctetSpan place) {
    if (item.kind == FetchKind::binary_size) {
      writer_.binary_size(item, place.octets());
      co_return std::nullopt;
    }
    const OctetRange range = clip(item.partial, place.octets());
    OctetSpan rest{place.begin + range.offset, place.begin + range.offset + range.octets};
    if (rest.octets() == 0) {
      writer_.octets(item, {});
      co_return std::nullopt;
    }
    bool promised = false;
    while (rest.octets() > 0) {
      const auto piece = co_await message_.read_some(rest);
      if (!piece) {
        co_return refusal_of(piece.error());
      }
      if (!std::exchange(promised, true)) {
        writer_.begin_octets(item, range.octets);
      }
      client_.out() += piece->view();
      rest.begin += piece->view().size();
      if (!co_await client_.wire.flush_if_large()) {
        co_return refused("", "The connection is lost");
      }
    }
    co_return std::nullopt;
  }

  // RFC 3516 4.2: decoded. The part is held whole, within what all connections may hold.
  engine::Task<std::optional<Status>> write_binary(const FetchItem& item) {
    const auto structure = co_await message_.structure();
    const auto place = co_await message_.place_of(item.section);
    if (!structure || !place) {
      co_return refusal_of(structure ? place.error() : structure.error());
    }
    if (!*place) {
      write_nothing(item);
      co_return std::nullopt;
    }
    const auto entity = find_section(**structure, item.section)->entity;
    const std::string encoding =
        item.section.part.empty() ? std::string() : (*structure)->entities[entity].encoding;
    const bool is_plain =
        encoding.empty() || encoding == "7bit" || encoding == "8bit" || encoding == "binary";
    if (is_plain && item.kind == FetchKind::binary_size) {
      writer_.binary_size(item, (*place)->octets());
      co_return std::nullopt;
    }
    const auto permit = co_await client_.shared.append_octets.acquire(
        (*place)->octets(),
        {client_.shared.doors.reactor.now() + client_.shared.settings.flush_timeout, {}});
    if (!permit) {
      co_return refused("LIMIT", "The part is too large to be decoded now");
    }
    const auto octets = co_await message_.read(**place);
    if (!octets) {
      co_return refusal_of(octets.error());
    }
    const auto decoded = is_plain ? *octets : mime::decode_transfer_encoding(encoding, *octets);
    if (!decoded) {
      co_return refused("UNKNOWN-CTE", "The part's transfer encoding can't be taken off");
    }
    write_octets(item, *decoded);
    co_return std::nullopt;
  }

  Client& client_;
  const FetchPlan& plan_;
  StoredMessage& message_;
  FetchWriter writer_;
  KeptItems kept_;
};

}  // namespace

bool is_whole(const FetchItem& item) {
  return item.kind == FetchKind::rfc822 ||
         (item.kind == FetchKind::section && item.section.part.empty() &&
          item.section.text == Section::Text::whole);
}

FetchPlan plan_fetch(const FetchArguments& arguments) {
  FetchPlan plan;
  plan.items = arguments.items;
  if (arguments.uid && !asks_for(plan, FetchKind::uid)) {
    plan.items.push_back({.kind = FetchKind::uid});
  }
  // RFC 7162 3.1.4.1: CHANGEDSINCE asks for it, too.
  if (arguments.changed_since && !asks_for(plan, FetchKind::modseq)) {
    plan.items.push_back({.kind = FetchKind::modseq});
  }
  plan.has_flags = asks_for(plan, FetchKind::flags);
  plan.has_modseq = asks_for(plan, FetchKind::modseq);
  plan.only_envelopes = asks_for(plan, FetchKind::envelope) &&
                        std::ranges::all_of(plan.items, [](const FetchItem& item) {
                          return item.kind == FetchKind::envelope || item.kind == FetchKind::uid;
                        });
  std::vector<FetchItem> first;
  std::vector<FetchItem> last;
  std::vector<FetchItem> others;
  for (FetchItem& item : plan.items) {
    auto& where = item.kind == FetchKind::uid ? first : has_octets(item.kind) ? last : others;
    where.push_back(std::move(item));
  }
  first.insert(first.end(), others.begin(), others.end());
  plan.first_octets = first.size();
  first.insert(first.end(), last.begin(), last.end());
  plan.items = std::move(first);
  for (const FetchItem& item : plan.items) {
    plan.ahead.details |= reads_details(item);
    plan.ahead.traces |= is_whole(item);
    plan.ahead.bodies |= reads_body(item);
    plan.sets_seen |= sets_seen(item);
  }
  return plan;
}

bool write_kept_message(Client& client, const FetchPlan& plan, std::uint32_t number,
                        StoredMessage& message, bool seen_now) {
  if (client.selected->lags_behind(message.facts().modseq)) {
    return false;
  }
  client.selected->tell_new_keywords(client.out());
  const std::size_t before = client.out().size();
  ItemWriter writer(client, plan, number, message);
  if (!writer.write_kept(seen_now)) {
    client.out().resize(before);
    return false;
  }
  return true;
}

engine::Task<std::optional<Status>> write_message(Client& client, const FetchPlan& plan,
                                                  std::uint32_t number, StoredMessage& message,
                                                  bool seen_now) {
  SelectedMailbox& selected = *client.selected;
  if (selected.lags_behind(message.facts().modseq)) {
    co_await selected.catch_up(message.facts().modseq);
  }
  selected.tell_new_keywords(client.out());
  const std::size_t before = client.out().size();
  const std::uint64_t flushes = client.wire.flushes();
  ItemWriter writer(client, plan, number, message);
  auto refusal = co_await writer.write(seen_now);
  if (refusal && flushes == client.wire.flushes()) {
    client.out().resize(before);
  } else if (refusal) {
    client.wire.abort();  // the client has the beginning of it
  }
  co_return refusal;
}

}  // namespace postrider::imap
