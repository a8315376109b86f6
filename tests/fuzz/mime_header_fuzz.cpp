#include <cstdint>
#include <cstdlib>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/encoded_word.hpp>
#include <postrider/codec/mime/header_edit.hpp>

// Scanning and editing: what is kept is kept octet for octet.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto section =
      mime::scan_header(octets, {.max_octets = 1000, .max_fields = 20, .max_line_octets = 200});
  if (!section) {
    return 0;
  }
  for (const mime::HeaderField& field : section->fields()) {
    if (!is_utf8(mime::decode_words(field.value))) {
      abort();
    }
  }
  mime::HeaderEdit edit(*section);
  const std::string same = edit.encode();
  if (section->end() == mime::HeaderEnd::blank_line &&
      same != octets.substr(0, section->body_offset())) {
    abort();
  }
  edit.remove("bcc");
  const std::string edited = edit.encode();
  const auto again = mime::scan_header(edited);
  if (!again || again->has("Bcc") || again->end() != mime::HeaderEnd::blank_line ||
      again->body_offset() != edited.size()) {
    abort();
  }
  return 0;
}
