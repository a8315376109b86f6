#include <algorithm>
#include <unordered_map>

#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/header_hash.hpp>

namespace postrider::dkim {

Sha256Digest hash_header(const mime::HeaderSection& section, const std::vector<std::string>& names,
                         std::string_view signature_field_without_value,
                         Canonicalization canonicalization) {
  // By name, so that a long h= over a long header stays linear.
  std::unordered_map<std::string, std::vector<std::string_view>> fields;
  for (const mime::HeaderField& field : section.fields()) {
    fields[to_lower(field.name)].push_back(field.raw);
  }
  Sha256 sha256;
  for (const std::string& name : names) {
    const auto it = fields.find(to_lower(name));
    if (it == fields.end() || it->second.empty()) {
      continue;  // hashed as nothing: that is what keeps a field from being added
    }
    sha256.update(canonicalize_field(it->second.back(), canonicalization));
    it->second.pop_back();
  }
  std::string last = canonicalize_field(signature_field_without_value, canonicalization);
  last.resize(last.size() - 2);
  sha256.update(last);
  return sha256.finish();
}

std::string without_signature_value(std::string_view raw) {
  constexpr std::string_view white_space = " \t\r\n";
  const std::string_view field = raw.ends_with("\r\n") ? raw.substr(0, raw.size() - 2) : raw;
  std::size_t at = field.find(':') + 1;
  while (at < field.size()) {
    const std::size_t end = std::min(field.find(';', at), field.size());
    const std::size_t name = field.find_first_not_of(white_space, at);
    const std::size_t equals = field.find('=', at);
    if (name < end && equals < end && field[name] == 'b' &&
        field.find_first_not_of(white_space, name + 1) == equals) {
      return std::string(field.substr(0, equals + 1)) + std::string(field.substr(end));
    }
    at = end + 1;
  }
  return std::string(field);
}

}  // namespace postrider::dkim
