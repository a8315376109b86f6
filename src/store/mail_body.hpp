#pragma once

#include "kv.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::store {

// Shared by all copies of a message, on whatever core they are put.
class MailBody {
 public:
  BlobId id{};
  std::uint64_t bytes = 0;
  std::vector<std::string> frames;  // records, as they are stored
  std::uint64_t record_bytes = 0;
  // Under a name that was never given before nothing can stand: the first write needs no look. Read
  // and set by the committer alone.
  mutable bool may_stand = false;
};

// With `secret`, so that nobody outside can tell which bodies are alike.
[[nodiscard]] BlobHash hash_body(std::string_view secret, std::string_view octets);

// The name under which a body of that hash stands, or has stood a moment ago. not_found, or a
// record that can't be read: it gets a name of its own. would_block: Read::cached only.
[[nodiscard]] Result<BlobId, KvError> find_body(const Kv& kv, const BlobHash& hash, Read how);
[[nodiscard]] BlobId new_name(const BlobHash& hash, WallTime now);

// Cuts, compresses, seals: under the name that was found, or else a new one.
[[nodiscard]] std::shared_ptr<const MailBody> make_body(const Result<BlobId, KvError>& found,
                                                        const BlobId& fresh,
                                                        std::string_view octets);

}  // namespace postrider::store
