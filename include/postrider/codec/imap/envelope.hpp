#pragma once

#include <string>
#include <string_view>

#include <postrider/codec/mime/header.hpp>

namespace postrider::imap {

// The ENVELOPE of RFC 9051 7.5.2, as it stands in a FETCH response, for every client alike: what is
// not ASCII is a literal. Encoded-words of RFC 2047 stay as they are. An address that can't be read
// is a mailbox whose name is what was written, so that a client shows it.
void encode_envelope(const mime::HeaderSection& header, std::string& out);
// The same, of header octets; one that can't be scanned has an envelope of NILs.
void encode_envelope(std::string_view header, std::string& out);

}  // namespace postrider::imap
