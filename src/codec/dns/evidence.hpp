#pragma once

#include "wire_layout.hpp"

#include <string_view>
#include <vector>

#include <postrider/codec/dns/signed_records.hpp>

namespace postrider::dns {

// The sets and signatures in a message that lay_out_records() has passed; nullopt: malformed. What
// signs no set that is there, and sets of types that nothing is done with, are left out.
[[nodiscard]] std::optional<Evidence> collect_evidence(std::string_view message,
                                                       const std::vector<RecordSpan>& spans);

}  // namespace postrider::dns
