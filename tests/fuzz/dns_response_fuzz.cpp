#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/dns/message.hpp>

using namespace postrider;

// The input is what follows the question, so that the fuzzer need not find id and question first.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t flags_and_counts = 8;  // without the number of questions
  if (size < flags_and_counts) {
    return 0;
  }
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const dns::Query query{.id = 7, .question = {.name = "a.example", .type = dns::RecordType::mx}};
  std::string message("\0\7", 2);
  message += input.substr(0, 2);
  message[2] = static_cast<char>(0x80U | (static_cast<unsigned char>(message[2]) & 0x07U));
  message += std::string("\0\1", 2);
  message += input.substr(2, 6);
  message += std::string("\1a\7example\0\0\17\0\1", 15);
  message += input.substr(flags_and_counts);
  const auto response = dns::parse_response(message, query);
  if (response && !response->truncated) {
    const auto again = dns::encode_response(*response, dns::message_octets_max);
    check(again.has_value(), "what was read can be written");
    const auto read = dns::parse_response(*again, query);
    check(read.has_value() && (read->truncated || read->answers == response->answers),
          "a response reads back");
  }
  (void)dns::parse_response(input, query);  // must not crash
  return 0;
}
