#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <postrider/codec/mime/structure.hpp>

namespace postrider::mime {

// A structure as it is kept beside its message, so that nobody parses that again.
//
//   record     = version:number flags:number entities:number *entity       version 1; flag 1:
//   is_cut entity     = kind:number back:number header:number body:number end:number lines:number
//                type:text subtype:text parameters encoding:text
//                disposition:flag [type:text parameters] fields:number *text header:text
//   parameters = count:number *(name:text value:text)
//
// `back`: how many entities before it its parent stands (0: none). `header`: from the parent's body
// on; `body` and `end`: from the one before. `fields`: id, description, md5, language, location,
// without the empty ones at the end. The fields are those of base/record_fields.
[[nodiscard]] std::string encode_structure(const Structure& structure);
// nullopt: damaged, or of a newer version.
[[nodiscard]] std::optional<Structure> decode_structure(std::string_view record);

}  // namespace postrider::mime
