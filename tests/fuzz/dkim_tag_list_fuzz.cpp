#include <cstdint>
#include <cstdlib>

#include <postrider/codec/dkim/key_record.hpp>
#include <postrider/codec/dkim/signature.hpp>
#include <postrider/codec/dkim/tag_list.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider::dkim;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto list = parse_tag_list(text);
  const auto signature = parse_signature(text);
  const auto record = parse_key_record(text);
  if (!list && (signature || record)) {
    abort();
  }
  if (signature && (signature->body_hash.size() != 32 || signature->signed_headers.empty() ||
                    !is_domain_text(signature->domain))) {
    abort();
  }
  if (record) {
    const auto again = parse_key_record(encode_key_record(record->algorithm, record->public_key));
    if (!again || again->public_key != record->public_key) {
      abort();
    }
  }
  return 0;
}
