#include <cstddef>
#include <cstdint>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/codec/arc/sealer.hpp>

// Whatever the header says: the chain is read and judged, with keys that are something else.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postrider;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto section = mime::scan_header(text);
  if (!section) {
    return 0;
  }
  const auto chain = arc::read_chain(*section);
  check(chain.defect.empty() || chain.sets.empty(), "a defective chain has no sets");
  check(chain.highest_instance <= arc::max_sets, "no more than there may be");
  arc::Keys keys;
  for (const std::string& name : arc::key_names(chain)) {
    keys[name] = {arc::KeyAnswer::Status::found,
                  "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="};
  }
  const auto outcome = arc::validate(*section, chain, {}, keys, 0);
  check(outcome.status != arc::Status::pass, "nothing is sealed by that key");
  return 0;
}
