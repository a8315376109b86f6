#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/digest.hpp>
#include <postrider/codec/dkim/canonicalization.hpp>
#include <postrider/codec/mime/header.hpp>

namespace postrider::dkim {

// The data hash of RFC 6376 3.7: the fields that `names` picks, each name's from the bottom up
// (5.4.2), then the signature field with an empty b=, without its CRLF.
[[nodiscard]] Sha256Digest hash_header(const mime::HeaderSection& section,
                                       const std::vector<std::string>& names,
                                       std::string_view signature_field_without_value,
                                       Canonicalization canonicalization);

// A DKIM-Signature field with the value of b= deleted, all white space around it too (RFC
// 6376 3.5).
[[nodiscard]] std::string without_signature_value(std::string_view raw);

}  // namespace postrider::dkim
