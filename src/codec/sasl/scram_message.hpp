#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/random.hpp>

namespace postrider::sasl {

// RFC 5802 7: the next attribute "x=value" up to a comma; `text` moves past the comma. nullopt:
// another attribute, or none.
[[nodiscard]] std::optional<std::string_view> take_attribute(std::string_view& text, char name);

// saslname: "=2C" is a comma, "=3D" an equals sign. nullopt: another "=".
[[nodiscard]] std::optional<std::string> decode_sasl_name(std::string_view text);
[[nodiscard]] std::string encode_sasl_name(std::string_view name);

// printable: "!" to "~" without comma (RFC 5802 7), at least one and at most 256.
[[nodiscard]] bool is_nonce(std::string_view text);
// Of nonce_octets random octets, in base64.
[[nodiscard]] std::string make_nonce(Random& random);

}  // namespace postrider::sasl
