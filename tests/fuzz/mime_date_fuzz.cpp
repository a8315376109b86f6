#include <cstdint>
#include <cstdlib>

#include <postrider/codec/mime/date.hpp>
#include <postrider/codec/mime/message_id.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto date = mime::parse_date(text)) {
    const auto again = mime::parse_date(encode_rfc5322_date(date->time));
    // A zone can push the time out of the years that are read.
    if (again && again->time != date->time) {
      abort();
    }
  }
  for (const std::string& id : mime::parse_message_ids(text)) {
    if (mime::parse_message_id("<" + id + ">") != id) {
      abort();
    }
  }
  return 0;
}
