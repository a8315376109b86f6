#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <postrider/store/mailbox_store.hpp>

namespace postrider::store {

// Shared by all copies of a message, on whatever core they are put.
class MailBody {
 public:
  BlobId id{};
  std::uint64_t bytes = 0;
  std::shared_ptr<const std::vector<std::string>> frames;  // records, as they are stored
  std::uint64_t record_bytes = 0;
};

[[nodiscard]] BlobId name_body(std::string_view secret, std::string_view octets);
// Hashes with `secret`, so that nobody outside can tell which bodies are alike; cuts; compresses.
[[nodiscard]] std::shared_ptr<const MailBody> make_body(std::string_view secret,
                                                        std::string_view octets);

}  // namespace postrider::store
