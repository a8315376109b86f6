#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/body_hasher.hpp>
#include <postrider/codec/dkim/signer.hpp>
#include <postrider/codec/dkim/verifier.hpp>

// What partners_test.py drives, one message on stdin:
//   dkim_tool keygen rsa|ed25519                      a private key in PEM, then its record, on
//   stdout dkim_tool sign KEYFILE SELECTOR HEADER/BODY TIME  the signed message dkim_tool verify
//   RECORD TIME                      a verdict a line for each signature
namespace {

using namespace postrider;

std::string slurp(std::istream& in) {
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

dkim::Canonicalization kind_of(std::string_view name) {
  return name == "simple" ? dkim::Canonicalization::simple : dkim::Canonicalization::relaxed;
}

// In uneven chunks: a partner sees what any split gives.
Sha256Digest feed(dkim::BodyHasher& hasher, std::string_view body) {
  for (std::size_t at = 0, step = 1; at < body.size(); at += step, step = step % 13 + 1) {
    hasher.update(body.substr(at, step));
  }
  return hasher.finish();
}

int keygen(std::string_view kind) {
  const auto key = kind == "rsa" ? SigningKey::generate_rsa(2048) : SigningKey::generate_ed25519();
  if (!key) {
    return 1;
  }
  std::cout << key->encode_pem() << dkim::encode_key_record(key->algorithm(), key->encode_public())
            << "\n";
  return 0;
}

int sign(const char* file, const char* selector, std::string_view kinds, const char* time) {
  std::ifstream pem(file);
  const auto key = SigningKey::parse_pem(slurp(pem));
  const std::string message = slurp(std::cin);
  const auto section = mime::scan_header(message);
  if (!key || !section) {
    return 1;
  }
  const dkim::SignOptions options{.domain = "example.org",
                                  .selector = selector,
                                  .header = kind_of(kinds.substr(0, kinds.find('/'))),
                                  .body = kind_of(kinds.substr(kinds.find('/') + 1)),
                                  .timestamp = parse_decimal(time).value_or(0)};
  dkim::BodyHasher hasher(options.body);
  const auto hash = feed(hasher, std::string_view(message).substr(section->body_offset()));
  const auto field = dkim::sign(*section, hash, *key, options);
  if (!field) {
    return 1;
  }
  std::cout << *field << message;
  return 0;
}

int verify(const char* record_text, const char* time) {
  const std::string message = slurp(std::cin);
  const auto section = mime::scan_header(message);
  const auto record = dkim::parse_key_record(record_text);
  if (!section || !record) {
    return 1;
  }
  for (const mime::HeaderField& field : section->fields()) {
    if (!equals_ignoring_case(field.name, "DKIM-Signature")) {
      continue;
    }
    const auto signature = dkim::parse_signature(field.value);
    if (!signature) {
      std::cout << "unusable\n";
      continue;
    }
    dkim::BodyHasher hasher(signature->body,
                            signature->body_length.value_or(dkim::BodyHasher::unlimited));
    const auto hash = feed(hasher, std::string_view(message).substr(section->body_offset()));
    const auto verdict =
        dkim::verify(*section, field, *signature, {hash, hasher.canonical_octets()}, *record,
                     parse_decimal(time).value_or(0));
    std::cout << (verdict == dkim::Verdict::pass ? "pass" : dkim::describe(verdict)) << "\n";
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "keygen" && argc == 3) {
    return keygen(argv[2]);
  }
  if (command == "sign" && argc == 6) {
    return sign(argv[2], argv[3], argv[4], argv[5]);
  }
  if (command == "verify" && argc == 4) {
    return verify(argv[2], argv[3]);
  }
  std::fputs("dkim_tool keygen | sign | verify\n", stderr);
  return 2;
}
