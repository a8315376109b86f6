#include <algorithm>

#include <postrider/base/base64.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/key_record.hpp>
#include <postrider/codec/dkim/limits.hpp>
#include <postrider/codec/dkim/tag_list.hpp>

namespace postrider::dkim {

namespace {

// A list with colons holds one of the words.
bool lists_any(std::string_view list, std::initializer_list<std::string_view> words) {
  const std::string text = without_white_space(list);
  return std::ranges::any_of(split(text, ':'), [&](std::string_view item) {
    return std::ranges::any_of(words, [&](std::string_view word) { return item == word; });
  });
}

}  // namespace

Result<KeyRecord, KeyRecordError> parse_key_record(std::string_view text) {
  const auto tags = parse_tag_list(text);
  if (!tags || !tags->find("p")) {
    return failure(KeyRecordError::malformed);
  }
  // RFC 6376 3.6.1: v= is recommended; if it is there, it is the first and DKIM1.
  if (tags->find("v") && (tags->tags().front().name != "v" || tags->find("v") != "DKIM1")) {
    return failure(KeyRecordError::malformed);
  }
  KeyRecord record;
  const std::string_view kind = tags->find("k").value_or("rsa");
  if (kind == "ed25519") {
    record.algorithm = KeyAlgorithm::ed25519;
  } else if (kind != "rsa") {
    return failure(KeyRecordError::unsupported_key);
  }
  if (const auto hashes = tags->find("h"); hashes && !lists_any(*hashes, {"sha256"})) {
    return failure(KeyRecordError::unsupported_hash);
  }
  if (const auto services = tags->find("s"); services && !lists_any(*services, {"email", "*"})) {
    return failure(KeyRecordError::unsupported_service);
  }
  auto key = decode_base64_folded(*tags->find("p"));
  if (!key) {
    return failure(KeyRecordError::malformed);
  }
  record.public_key = std::move(*key);
  const std::string_view flags = tags->find("t").value_or("");
  record.testing = lists_any(flags, {"y"});
  record.strict_identity = lists_any(flags, {"s"});
  return record;
}

std::string encode_key_record(KeyAlgorithm algorithm, std::string_view public_key) {
  const char* kind = algorithm == KeyAlgorithm::rsa ? "rsa" : "ed25519";
  return std::string("v=DKIM1; k=") + kind + "; p=" + encode_base64(public_key);
}

std::string key_record_name(std::string_view selector, std::string_view domain) {
  return std::string(selector) + "._domainkey." + std::string(domain);
}

std::vector<std::string> split_txt(std::string_view text) {
  std::vector<std::string> strings;
  do {
    strings.emplace_back(text.substr(0, txt_string_octets));
    text.remove_prefix(strings.back().size());
  } while (!text.empty());
  return strings;
}

std::string encode_zone_line(std::string_view name, std::string_view text) {
  std::string line(name);
  line += ". IN TXT";
  for (const std::string& part : split_txt(text)) {
    line += " \"";
    for (const char c : part) {
      if (c == '"' || c == '\\') {
        line += '\\';
      }
      line += c;
    }
    line += '"';
  }
  return line;
}

}  // namespace postrider::dkim
