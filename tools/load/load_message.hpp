#pragma once

#include "load_id.hpp"
#include "load_settings.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <postrider/base/time.hpp>

namespace postrider::tools {

// The message that a generator sends: made once, its id patched in for each sending. It needs no
// dot-stuffing, and the lone dot that ends it stands behind it.
class LoadMessage {
 public:
  LoadMessage(const LoadSettings& settings, WallTime now);

  // With this id, and the end of DATA. Valid until the next call.
  [[nodiscard]] std::string_view with(LoadId id);
  // The message alone. Valid until the next call.
  [[nodiscard]] std::string_view content(LoadId id) { return with(id).substr(0, octets()); }
  // Octets of the message itself.
  [[nodiscard]] std::size_t octets() const { return text_.size() - end_of_data.size(); }

 private:
  static constexpr std::string_view end_of_data = ".\r\n";
  std::string text_;
  std::array<std::size_t, 2> id_places_{};  // X-Load-Id and Message-ID
};

// Recipient number `index` of message `sequence`: "user3@d17.example.net", or
// "user3@example.net" where there is one domain.
[[nodiscard]] std::string load_recipient(const LoadSettings& settings, std::uint64_t sequence,
                                         std::uint32_t index);

}  // namespace postrider::tools
