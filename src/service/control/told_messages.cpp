#include "told_messages.hpp"

#include <algorithm>
#include <utility>

#include <postrider/base/record_fields.hpp>

namespace postrider::control {

namespace {

constexpr std::uint64_t format = 1;

}  // namespace

bool ToldMessages::contains(MessageId id) const {
  return id <= bound || std::ranges::binary_search(ids, id);
}

ToldMessages ToldMessages::of(std::vector<MessageId> held, const ToldMessages& before,
                              WallTime now) {
  ToldMessages out{now, before.bound, std::move(held)};
  const auto young =
      std::ranges::find_if(out.ids, [now](MessageId id) { return now - id.created() < settling; });
  if (young != out.ids.begin()) {
    out.bound = std::max(out.bound, *std::prev(young));
  }
  const MessageId bound = out.bound;
  std::erase_if(out.ids, [bound](MessageId id) { return id <= bound; });
  return out;
}

std::string ToldMessages::encode() const {
  FieldWriter out;
  out.number(format).wall_time(last).number(bound.value()).number(ids.size());
  for (const MessageId id : ids) {
    out.number(id.value());
  }
  return out.take();
}

std::optional<ToldMessages> ToldMessages::parse(std::string_view octets) {
  FieldReader in(octets);
  if (in.number() != format) {
    return std::nullopt;
  }
  ToldMessages out;
  out.last = in.wall_time();
  out.bound = MessageId(in.number());
  const std::size_t count = in.count();
  for (std::size_t i = 0; i < count && in.is_sound(); ++i) {
    out.ids.emplace_back(in.number());
  }
  const bool is_whole = in.is_sound() && in.is_at_end();
  return is_whole && std::ranges::is_sorted(out.ids) ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace postrider::control
