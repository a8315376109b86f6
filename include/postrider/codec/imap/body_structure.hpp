#pragma once

#include <cstdint>
#include <string>

#include <postrider/codec/mime/structure.hpp>

namespace postrider::imap {

enum class BodyForm : std::uint8_t {
  body,            // BODY: without extension data
  body_structure,  // BODYSTRUCTURE
};
// RFC 9051 7.5.2, as it stands in a FETCH response, for every client alike. A multipart without
// parts, or one that lies deeper than the structure goes, is shown as text.
void encode_body(const mime::Structure& structure, BodyForm form, std::string& out);

}  // namespace postrider::imap
