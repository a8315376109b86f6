#include <cstddef>
#include <cstdint>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/flow/rendered_mail.hpp>

// A record is what it decodes to; a message, however it was made up, gives one that is read back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  if (const auto mail = flow::decode_rendered(octets)) {
    check(flow::decode_rendered(flow::encode_rendered(*mail)) == mail, "a record reads otherwise");
  }
  (void)flow::read_listing(octets);
  flow::MailRenderer renderer;
  renderer.feed(octets.substr(0, size / 2));
  renderer.feed(octets.substr(size / 2));
  const flow::RenderedMail mail = renderer.finish();
  check(flow::decode_rendered(flow::encode_rendered(mail)) == mail, "a message reads otherwise");
  (void)flow::thread_of(mail.listed);
  return 0;
}
