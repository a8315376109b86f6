// What a milter sends: no packet is longer than what has come, and what follows is never looked at.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/filter/milter.hpp>

using namespace postrider;  // NOLINT: a fuzz target

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view octets(reinterpret_cast<const char*>(data), size);
  const filter::MilterTerms all;
  while (true) {
    const auto packet = filter::parse_milter_packet(octets);
    if (!packet || !*packet) {
      return 0;
    }
    check((*packet)->octets <= octets.size() && (*packet)->data.size() + 5 == (*packet)->octets,
          "a packet of the wrong length");
    if (const auto terms = filter::parse_milter_terms(**packet)) {
      check((terms->steps & ~filter::milter_step::offered) == 0, "terms that were not offered");
    }
    if (const auto reply = filter::parse_milter_reply(**packet)) {
      check(reply->verb != filter::MilterVerb::reply || (reply->code >= 400 && reply->code < 600),
            "a reply that is no refusal");
      check(reply->name.find('\0') == reply->name.npos, "a NUL in a name");
      check(filter::is_allowed(all, filter::MilterCommand::body_end, reply->verb) ||
                reply->verb == filter::MilterVerb::skip,
            "a reply that is never allowed");
    }
    octets.remove_prefix((*packet)->octets);
  }
}
