#pragma once

#include "answer.hpp"
#include "control_transport.hpp"

#include <cstdint>
#include <string>

namespace postrider::tools {

enum class GreylistVerb : std::uint8_t { list, forget };

struct GreylistCommand {
  GreylistVerb verb = GreylistVerb::list;
  std::string about;          // a network, domain or recipient; list: empty is all
  std::uint64_t limit = 100;  // of list, from 1 to 10,000
  bool json = false;
};

// Who was asked to come back, and who is known.
[[nodiscard]] int run_greylist_command(const GreylistCommand& command, ControlTransport& control,
                                       const Terminal& terminal);

}  // namespace postrider::tools
