#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iterator>

#include <postrider/base/assert.hpp>
#include <postrider/base/base64.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/header_hash.hpp>
#include <postrider/codec/dkim/signature.hpp>
#include <postrider/codec/dkim/signer.hpp>
#include <postrider/codec/dkim/tag_writer.hpp>

namespace postrider::dkim {

namespace {

// Signed once more than they are there.
constexpr std::array<std::string_view, 10> oversigned = {
    "From",     "To",         "Cc",           "Subject",      "Date",
    "Reply-To", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};
constexpr std::array<std::string_view, 2> signed_if_present = {"In-Reply-To", "References"};

bool is_oversigned(std::string_view name) {
  return std::ranges::any_of(
      oversigned, [&](std::string_view known) { return equals_ignoring_case(known, name); });
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::any_of(
      names, [&](const std::string& known) { return equals_ignoring_case(known, name); });
}

// RFC 6376 2.11: what may not stand in a tag as it is.
std::string encode_identity(std::string_view identity) {
  std::string out;
  for (const char c : identity) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet > 0x20 && octet != 0x7F && c != ';' && c != '=') {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "={:02X}", octet);
    }
  }
  return out;
}

void check_options(const SignOptions& options) {
  check(is_domain_text(options.domain), "d= is a domain");
  check(is_domain_text(options.selector), "s= is a selector");
  check(!options.expiry || *options.expiry > options.timestamp, "x= is later than t=");
}

const char* name_of(Canonicalization canonicalization) {
  return canonicalization == Canonicalization::simple ? "simple" : "relaxed";
}

}  // namespace

std::vector<std::string> select_signed_headers(const mime::HeaderSection& section) {
  std::vector<std::string> names;
  const auto add = [&](std::string_view name, std::size_t times) {
    names.insert(names.end(), times, std::string(name));
  };
  for (const std::string_view name : oversigned) {
    add(name, section.count(name) + 1);
  }
  for (const std::string_view name : signed_if_present) {
    add(name, section.count(name));
  }
  for (const mime::HeaderField& field : section.fields()) {
    if (is_oversigned(field.name) || contains(names, field.name)) {
      continue;
    }
    if (starts_with_ignoring_case(field.name, "Content-")) {
      add(field.name, section.count(field.name) + 1);
    } else if (starts_with_ignoring_case(field.name, "List-") ||
               starts_with_ignoring_case(field.name, "Resent-")) {
      add(field.name, section.count(field.name));
    }
  }
  return names;
}

Result<std::string, KeyError> sign(const mime::HeaderSection& section,
                                   const Sha256Digest& body_hash, const SigningKey& key,
                                   const SignOptions& options) {
  check_options(options);
  const std::vector<std::string> names = select_signed_headers(section);
  TagWriter field("DKIM-Signature");
  field.add("v", "1");
  field.add("a", key.algorithm() == KeyAlgorithm::rsa ? "rsa-sha256" : "ed25519-sha256");
  field.add("c", fmt::format("{}/{}", name_of(options.header), name_of(options.body)));
  field.add("d", options.domain);
  field.add("s", options.selector);
  if (options.identity) {
    field.add("i", encode_identity(*options.identity));
  }
  field.add("t", std::to_string(options.timestamp));
  if (options.expiry) {
    field.add("x", std::to_string(*options.expiry));
  }
  field.add_list("h", names);
  field.add("bh", encode_base64(body_hash.view()));
  field.begin_signature_value();
  const auto signature = key.sign_digest(hash_header(section, names, field.text(), options.header));
  if (!signature) {
    return failure(signature.error());
  }
  field.add_base64(encode_base64(*signature));
  return field.text() + "\r\n";
}

}  // namespace postrider::dkim
