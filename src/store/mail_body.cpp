#include "mail_body.hpp"

#include "mail_codec.hpp"

#include <algorithm>

#include <postrider/base/hmac.hpp>

namespace postrider::store {

BlobHash hash_body(std::string_view secret, std::string_view octets) {
  const Sha256Digest digest = hmac_sha256(secret, octets);
  BlobHash hash{};
  std::copy_n(digest.octets.begin(), hash.size(), hash.begin());
  return hash;
}

Result<BlobId, KvError> find_body(const Kv& kv, const BlobHash& hash, Read how) {
  const std::string key = same_key(hash);
  const auto record = kv.get(Family::blob_same, key, how);
  if (!record) {
    return failure(record.error());
  }
  const auto arrivals = decode_arrivals(key, *record);
  if (!arrivals) {
    return failure(KvError::corrupt);
  }
  return BlobId{arrivals->front(), hash};
}

BlobId new_name(const BlobHash& hash, WallTime now) {
  const auto ns = now.time_since_epoch().count();
  return {ns > 0 ? static_cast<std::uint64_t>(ns) : 1, hash};  // 0 is that of older names
}

std::shared_ptr<const MailBody> make_body(const Result<BlobId, KvError>& found, const BlobId& fresh,
                                          std::string_view octets) {
  auto body = std::make_shared<MailBody>();
  body->id = found ? *found : fresh;
  body->may_stand = found.has_value();
  body->bytes = octets.size();
  for (std::size_t at = 0; at < octets.size() || body->frames.empty(); at += blob_frame_octets) {
    const std::string key = blob_key(body->id, static_cast<std::uint32_t>(body->frames.size()));
    body->frames.push_back(encode_frame(key, octets.size(), octets.substr(at, blob_frame_octets)));
    body->record_bytes += body->frames.back().size();
  }
  return body;
}

}  // namespace postrider::store
