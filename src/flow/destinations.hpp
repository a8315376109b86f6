#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <postrider/store/queue_records.hpp>

namespace postrider::flow {

// Recipients by destination domain (A-labels, lower case; a literal as it stands), domains and
// recipients in the order of RCPT; who was named twice is there once, with the first one's
// parameters. One that has been placed here is a destination of its own.
[[nodiscard]] std::vector<store::Destination> group_by_domain(
    const std::vector<store::Recipient>& recipients);

// What stands behind the last "@", as a destination.
[[nodiscard]] std::string destination_domain(std::string_view address);

}  // namespace postrider::flow
