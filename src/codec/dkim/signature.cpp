#include <algorithm>
#include <array>

#include <postrider/base/base64.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/limits.hpp>
#include <postrider/codec/dkim/signature.hpp>
#include <postrider/codec/dkim/tag_list.hpp>

namespace postrider::dkim {

namespace {

std::optional<KeyAlgorithm> parse_algorithm(std::string_view text) {
  if (text == "rsa-sha256") {
    return KeyAlgorithm::rsa;
  }
  if (text == "ed25519-sha256") {
    return KeyAlgorithm::ed25519;
  }
  return std::nullopt;
}

std::optional<Canonicalization> parse_canonicalization(std::string_view text) {
  if (text == "simple") {
    return Canonicalization::simple;
  }
  if (text == "relaxed") {
    return Canonicalization::relaxed;
  }
  return std::nullopt;
}

// "header/body"; the body's part left out means simple (RFC 6376 3.5).
bool read_canonicalization(std::string_view text, Signature& signature) {
  const std::size_t slash = text.find('/');
  const auto header = parse_canonicalization(text.substr(0, slash));
  const auto body = slash == std::string_view::npos
                        ? Canonicalization::simple
                        : parse_canonicalization(text.substr(slash + 1));
  if (!header || !body) {
    return false;
  }
  signature.header = *header;
  signature.body = *body;
  return true;
}

// RFC 6376 2.11, dkim-quoted-printable.
std::optional<std::string> decode_quoted_printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out += text[i];
      continue;
    }
    const auto octet = decode_hex(text.substr(i + 1, 2));
    if (!octet || octet->size() != 1) {
      return std::nullopt;
    }
    out += *octet;
    i += 2;
  }
  return out;
}

bool read_headers(std::string_view text, Signature& signature) {
  const std::string names = without_white_space(text);
  for (const std::string_view name : split(names, ':')) {
    if (name.empty() || signature.signed_headers.size() == max_signed_headers) {
      return false;
    }
    signature.signed_headers.emplace_back(name);
  }
  return true;
}

// The domain itself or one below it.
bool is_within(std::string_view domain, std::string_view of) {
  return equals_ignoring_case(domain, of) ||
         (domain.size() > of.size() && domain[domain.size() - of.size() - 1] == '.' &&
          equals_ignoring_case(domain.substr(domain.size() - of.size()), of));
}

// nullopt in the outer one: not a number. At most 12 digits (RFC 6376 3.5), l= at most 76, of which
// 64 bits hold all that can be.
bool read_number(const TagList& tags, std::string_view name, std::optional<std::uint64_t>& number) {
  const auto text = tags.find(name);
  if (!text) {
    return true;
  }
  number = parse_decimal(*text);
  return number.has_value();
}

std::optional<SignatureError> read_identity(const TagList& tags, Signature& signature) {
  const auto text = tags.find("i");
  if (!text) {
    signature.identity = "@" + signature.domain;
    return std::nullopt;
  }
  const auto identity = decode_quoted_printable(without_white_space(*text));
  const std::size_t at = identity ? identity->rfind('@') : std::string::npos;
  if (at == std::string::npos) {
    return SignatureError::malformed;
  }
  if (!is_within(std::string_view(*identity).substr(at + 1), signature.domain)) {
    return SignatureError::identity_mismatch;
  }
  signature.identity = *identity;
  return std::nullopt;
}

bool queries_dns(std::string_view methods) {
  const std::string text = without_white_space(methods);
  return std::ranges::any_of(split(text, ':'), [](std::string_view method) {
    return equals_ignoring_case(method, "dns/txt") || equals_ignoring_case(method, "dns");
  });
}

// All but i=, h= and q=.
bool read_values(const TagList& tags, Signature& signature) {
  signature.domain = *tags.find("d");
  signature.selector = *tags.find("s");
  const auto body_hash = decode_base64_folded(*tags.find("bh"));
  auto value = decode_base64_folded(*tags.find("b"));
  if (!is_domain_text(signature.domain) || !is_domain_text(signature.selector) || !body_hash ||
      body_hash->size() != Sha256Digest().octets.size() || !value || value->empty() ||
      value->size() > max_signature_octets ||
      !read_canonicalization(tags.find("c").value_or("simple/simple"), signature)) {
    return false;
  }
  signature.body_hash = *body_hash;
  signature.signature = std::move(*value);
  return read_number(tags, "t", signature.timestamp) && read_number(tags, "x", signature.expiry) &&
         read_number(tags, "l", signature.body_length) &&
         // RFC 6376 3.5: x= must be greater than t= if both are there.
         (!signature.timestamp || !signature.expiry || *signature.expiry > *signature.timestamp);
}

}  // namespace

bool is_domain_text(std::string_view text) {
  constexpr std::size_t longest_domain = 253;
  bool label_before = false;
  for (const char c : text) {
    if (c == '.' ? !label_before
                 : !is_ascii_alpha(c) && !is_ascii_digit(c) && c != '-' && c != '_' &&
                       (static_cast<unsigned char>(c) & 0x80U) == 0) {
      return false;
    }
    label_before = c != '.';
  }
  return label_before && text.size() <= longest_domain && is_utf8(text);
}

std::string_view describe(SignatureError error) {
  switch (error) {
    case SignatureError::malformed:
      return "the signature breaks the syntax";
    case SignatureError::missing_tag:
      return "the signature lacks a tag";
    case SignatureError::unsupported_version:
      return "the signature is of another version";
    case SignatureError::unsupported_algorithm:
      return "the signature's algorithm is unknown or too weak";
    case SignatureError::unsupported_query:
      return "the signature's key is not in DNS";
    case SignatureError::identity_mismatch:
      return "i= is not in d=";
    case SignatureError::from_not_signed:
      return "From is not signed";
  }
  return "";
}

Result<Signature, SignatureError> parse_signature(std::string_view value, SignatureKind kind) {
  const auto tags = parse_tag_list(value);
  if (!tags) {
    return failure(SignatureError::malformed);
  }
  constexpr std::array<std::string_view, 6> required = {"a", "b", "bh", "d", "h", "s"};
  const bool is_dkim = kind == SignatureKind::dkim;
  if (std::ranges::any_of(required, [&](std::string_view name) { return !tags->find(name); }) ||
      (is_dkim && !tags->find("v"))) {
    return failure(SignatureError::missing_tag);
  }
  if (is_dkim && tags->find("v") != "1") {
    return failure(SignatureError::unsupported_version);
  }
  const auto algorithm = parse_algorithm(*tags->find("a"));
  if (!algorithm) {
    return failure(SignatureError::unsupported_algorithm);
  }
  Signature signature{.algorithm = *algorithm};
  if (!read_values(*tags, signature) || !read_headers(*tags->find("h"), signature)) {
    return failure(SignatureError::malformed);
  }
  if (!queries_dns(tags->find("q").value_or("dns/txt"))) {
    return failure(SignatureError::unsupported_query);
  }
  if (!is_dkim) {
    signature.identity = "@" + signature.domain;
  } else if (const auto error = read_identity(*tags, signature)) {
    return failure(*error);
  }
  if (std::ranges::none_of(signature.signed_headers, [](const std::string& name) {
        return equals_ignoring_case(name, "From");
      })) {
    return failure(SignatureError::from_not_signed);
  }
  return signature;
}

}  // namespace postrider::dkim
