#include "message_preview.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>
#include <postrider/codec/imap/text_match.hpp>

namespace postrider::imap {
namespace {

constexpr std::size_t characters_max = 200;            // RFC 8970: 256 at most, 200 preferred
constexpr std::uint64_t octets_looked_at = 16 * 1024;  // as they are kept
constexpr std::size_t html_tag_octets_max = 8 * 1024;

const mime::Entity* find_text(const mime::Structure& structure, std::string_view subtype) {
  for (const mime::Entity& entity : structure.entities) {
    const bool is_attached = entity.disposition && entity.disposition->type == "attachment";
    if (entity.kind == mime::EntityKind::leaf && !is_attached &&
        entity.content_type.is("text", subtype)) {
      return &entity;
    }
  }
  return nullptr;
}

// Past the element, whose text nobody reads.
std::size_t skip_element(std::string_view html, std::size_t at, std::string_view name) {
  for (std::size_t close = html.find("</", at); close != html.npos;
       close = html.find("</", close + 2)) {
    if (starts_with_ignoring_case(html.substr(close + 2), name)) {
      return close;
    }
  }
  return html.size();
}

std::string without_tags(std::string_view html) {
  constexpr std::array<std::string_view, 4> unread = {"style", "script", "head", "title"};
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> entities = {
      {{"&nbsp;", " "},
       {"&amp;", "&"},
       {"&lt;", "<"},
       {"&gt;", ">"},
       {"&quot;", "\""},
       {"&#39;", "'"}}};
  std::string out;
  for (std::size_t at = 0; at < html.size();) {
    if (html[at] == '<') {
      const std::string_view tag = html.substr(at + 1, html_tag_octets_max);
      const auto element = std::ranges::find_if(
          unread, [tag](std::string_view name) { return starts_with_ignoring_case(tag, name); });
      at = element == unread.end() ? at : skip_element(html, at, *element);
      const std::size_t close = html.find('>', at);
      at = close == html.npos ? html.size() : close + 1;
      out += ' ';
      continue;
    }
    const auto entity = std::ranges::find_if(entities, [rest = html.substr(at)](const auto& row) {
      return rest.starts_with(row.first);
    });
    if (entity != entities.end()) {
      out += entity->second;
      at += entity->first.size();
    } else {
      out += html[at++];
    }
  }
  return out;
}

}  // namespace

std::string preview_of(std::string_view utf8, bool is_html) {
  const std::string text = is_html ? without_tags(utf8) : std::string(utf8);
  std::string out;
  std::size_t characters = 0;
  bool blank = false;
  for (std::size_t at = 0; at < text.size() && characters < characters_max;) {
    const Utf8Step step = decode_utf8(std::string_view(text).substr(at));
    const char32_t point = step.code_point.value_or(0xFFFD);
    const std::string_view octets = std::string_view(text).substr(at, step.octets);
    at += step.octets;
    if (point <= ' ' || point == 0x7F || point == 0xA0) {
      blank = !out.empty();
      continue;
    }
    if (std::exchange(blank, false)) {
      out += ' ';
      ++characters;
    }
    if (step.code_point) {
      out += octets;
    } else {
      append_utf8(out, 0xFFFD);
    }
    ++characters;
  }
  return out;
}

engine::Task<store::MailResult<std::string>> make_preview(StoredMessage& message) {
  const auto structure = co_await message.structure();
  if (!structure) {
    co_return failure(structure.error());
  }
  const mime::Entity* plain = find_text(**structure, "plain");
  const mime::Entity* entity = plain != nullptr ? plain : find_text(**structure, "html");
  if (entity == nullptr) {
    co_return std::string();
  }
  const std::uint64_t begin = message.facts().trace_bytes + entity->body_begin;
  const std::uint64_t end =
      std::min(begin + octets_looked_at, message.facts().trace_bytes + entity->end);
  auto octets = co_await message.read({begin, std::max(begin, end)});
  if (!octets) {
    co_return failure(octets.error());
  }
  // A line that is cut would not decode.
  if (octets->size() == octets_looked_at && octets->contains('\n')) {
    octets->resize(octets->rfind('\n') + 1);
  }
  const auto charset = entity->content_type.parameter("charset");
  co_return preview_of(decoded_text(entity->encoding, charset.value_or("us-ascii"), *octets),
                       plain == nullptr);
}

}  // namespace postrider::imap
