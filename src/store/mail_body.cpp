#include "mail_body.hpp"

#include "mail_codec.hpp"

#include <algorithm>

#include <postrider/base/hmac.hpp>

namespace postrider::store {

BlobId name_body(std::string_view secret, std::string_view octets) {
  const Sha256Digest digest = hmac_sha256(secret, octets);
  BlobId name{};
  std::copy_n(digest.octets.begin(), name.size(), name.begin());
  return name;
}

std::shared_ptr<const MailBody> make_body(std::string_view secret, std::string_view octets) {
  auto body = std::make_shared<MailBody>();
  body->id = name_body(secret, octets);
  body->bytes = octets.size();
  auto frames = std::make_shared<std::vector<std::string>>();
  for (std::size_t at = 0; at < octets.size() || frames->empty(); at += blob_frame_octets) {
    const std::string key = blob_key(body->id, static_cast<std::uint32_t>(frames->size()));
    frames->push_back(encode_frame(key, octets.size(), octets.substr(at, blob_frame_octets)));
    body->record_bytes += frames->back().size();
  }
  body->frames = std::move(frames);
  return body;
}

}  // namespace postrider::store
