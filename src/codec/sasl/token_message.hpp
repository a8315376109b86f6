#pragma once

#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/codec/sasl/mechanism.hpp>
#include <postrider/codec/sasl/server_exchange.hpp>

namespace postrider::sasl {

// What a client says first in OAUTHBEARER or XOAUTH2.
struct TokenMessage {
  std::string authzid;  // decoded; empty: none was named
  std::string token;    // RFC 6750 2.1; empty: it asks what kind is wanted (RFC 7628 3.2.2)
};

// RFC 7628 3.1: a GS2 header, then key=value pairs between octets 01. Pairs but `auth` are passed
// over.
[[nodiscard]] Result<TokenMessage, ServerFailure> parse_oauthbearer(std::string_view octets);
// "user=NAME" and "auth=Bearer TOKEN", each with 01 behind it, and 01.
[[nodiscard]] Result<TokenMessage, ServerFailure> parse_xoauth2(std::string_view octets);

// JSON: the token is not taken.
[[nodiscard]] std::string encode_token_refusal(Mechanism mechanism, const TokenHints& hints);

}  // namespace postrider::sasl
