#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include <postrider/base/text.hpp>
#include <postrider/codec/arc/sealer.hpp>
#include <postrider/codec/dkim/body_hasher.hpp>

// What partners_test.py drives, one message on stdin:
//   arc_tool validate RECORD TIME       "STATUS: reason"; RECORD stands at every key's name
//   arc_tool seal KEYFILE STATUS TIME   the sealed message, by d=example.org, s=s1
namespace {

using namespace postrider;

std::string slurp(std::istream& in) {
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

dkim::BodyFacts hash(std::string_view body, dkim::Canonicalization canonicalization,
                     std::uint64_t length = dkim::BodyHasher::unlimited) {
  dkim::BodyHasher hasher(canonicalization, length);
  hasher.update(body);
  const auto digest = hasher.finish();
  return {digest, hasher.canonical_octets()};
}

int validate(const std::string& record, const char* time) {
  const std::string message = slurp(std::cin);
  const auto section = mime::scan_header(message);
  if (!section) {
    return 1;
  }
  const auto chain = arc::read_chain(*section);
  arc::Keys keys;
  for (const std::string& name : arc::key_names(chain)) {
    keys[name] = {.status = arc::KeyAnswer::Status::found, .text = record};
  }
  dkim::BodyFacts body;
  if (!chain.sets.empty()) {
    const auto& signature = chain.sets.back().signature;
    body = hash(std::string_view(message).substr(section->body_offset()), signature.body,
                signature.body_length.value_or(dkim::BodyHasher::unlimited));
  }
  const auto outcome = arc::validate(*section, chain, body, keys, parse_decimal(time).value_or(0));
  std::cout << arc::name_of(outcome.status) << ": " << outcome.reason << "\n";
  return 0;
}

int seal(const char* file, std::string_view status, const char* time) {
  std::ifstream pem(file);
  const auto key = SigningKey::parse_pem(slurp(pem));
  const std::string message = slurp(std::cin);
  const auto section = mime::scan_header(message);
  if (!key || !section) {
    return 1;
  }
  arc::SealOptions options{.domain = "example.org",
                           .selector = "s1",
                           .timestamp = parse_decimal(time).value_or(0),
                           .results = "mx.example.org;\r\n\tspf=pass smtp.mailfrom=example.net"};
  for (const auto known : {arc::Status::pass, arc::Status::fail}) {
    options.chain = arc::name_of(known) == status ? known : options.chain;
  }
  const auto body = hash(std::string_view(message).substr(section->body_offset()),
                         dkim::Canonicalization::relaxed);
  const auto fields = arc::seal(*section, arc::read_chain(*section), body.hash, *key, options);
  if (!fields) {
    return 3;
  }
  std::cout << *fields << message;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "validate" && argc == 4) {
    return validate(argv[2], argv[3]);
  }
  if (command == "seal" && argc == 5) {
    return seal(argv[2], argv[3], argv[4]);
  }
  std::fputs("arc_tool validate | seal\n", stderr);
  return 2;
}
