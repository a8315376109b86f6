#pragma once

#include "kv.hpp"

#include <vector>

#include <postrider/base/shared_octets.hpp>
#include <postrider/store/mailbox_records.hpp>

namespace postrider::store {

// The first frames of these bodies, in their order; without a value: it can't be read. By one walk
// where they stand close together, as those of a mailbox do that came in one after the other; else
// by look-ups. Blocks. Memory: several share one piece, of 256 KiB mostly.
[[nodiscard]] std::vector<SharedOctets> read_first_frames(const Kv& kv,
                                                          const std::vector<BlobId>& blobs);

}  // namespace postrider::store
