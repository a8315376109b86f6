#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <postrider/codec/mime/content_type.hpp>

namespace postrider::report {

// A part of a report.
struct Entity {
  mime::ContentType type;
  std::string body;  // decoded
  // The original message, whole or its header (RFC 6522 4, RFC 6533 5).
  [[nodiscard]] bool is_whole_message() const;
  [[nodiscard]] bool is_header() const;
};

// nullopt: no header, or an encoding that can't be undone.
[[nodiscard]] std::optional<Entity> read_entity(std::string_view octets);

}  // namespace postrider::report
