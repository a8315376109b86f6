#include "load_message.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace postrider::tools {

LoadMessage::LoadMessage(const LoadSettings& settings, WallTime now) {
  const auto no_id = encode_load_id({});
  text_ =
      fmt::format("From: <{}>\r\nTo: <{}>\r\nSubject: Measured\r\nDate: {}\r\n",
                  settings.reverse_path, load_recipient(settings, 0, 0), encode_rfc5322_date(now));
  text_ += load_id_field;
  id_places_[0] = text_.size();
  text_ += no_id + "\r\nMessage-ID: <";
  id_places_[1] = text_.size();
  text_ += no_id + "@load.invalid>\r\n\r\n";

  // Lines of 78 characters; what is left over makes the last one.
  constexpr std::string_view line =
      "The quick brown fox jumps over the lazy dog, and the horse carries the letters.";
  constexpr std::size_t line_octets = 78;
  while (text_.size() + 2 < settings.size_octets) {
    const auto left = settings.size_octets - text_.size() - 2;
    text_ += line.substr(0, std::min(left, line_octets));
    // A rest of one or two octets could not hold a line's own CRLF: it joins this one.
    const auto after = left > line_octets ? left - line_octets : 0;
    if (after > 0 && after <= 2) {
      text_.append(after, '.');
    }
    text_ += "\r\n";
  }
  text_ += end_of_data;
}

std::string_view LoadMessage::with(LoadId id) {
  const auto value = encode_load_id(id);
  for (const auto place : id_places_) {
    std::ranges::copy(value, text_.begin() + static_cast<std::ptrdiff_t>(place));
  }
  return text_;
}

std::string load_recipient(const LoadSettings& settings, std::uint64_t sequence,
                           std::uint32_t index) {
  if (settings.domains <= 1) {
    return fmt::format("user{}@{}", index, settings.domain);
  }
  const auto number = ((sequence * settings.recipients) + index) % settings.domains;
  return fmt::format("user{}@d{}.{}", index, number, settings.domain);
}

}  // namespace postrider::tools
