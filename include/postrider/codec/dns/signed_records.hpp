#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postrider/codec/dns/record.hpp>
#include <postrider/codec/dns/wire_name.hpp>

namespace postrider::dns {

// RFC 4034 3.1.
struct Rrsig {
  RecordType covered{};
  std::uint8_t algorithm = 0;
  std::uint8_t labels = 0;
  std::uint32_t original_ttl = 0;
  std::uint32_t expiration = 0;  // seconds since 1970, by serial arithmetic
  std::uint32_t inception = 0;
  std::uint16_t key_tag = 0;
  WireName signer;
  std::string signature;
  friend bool operator==(const Rrsig&, const Rrsig&) = default;
};

// All records of one owner and type in one section of an answer, and what signs them.
struct RrSet {
  WireName owner;
  RecordType type{};
  std::uint32_t ttl = 0;            // the smallest of them
  std::vector<std::string> rdatas;  // wire form, names uncompressed, letters as they came
  std::vector<Rrsig> signatures;
  friend bool operator==(const RrSet&, const RrSet&) = default;
};

// What an answer holds that can be proven, or proves. Only types that Postrider asks for or needs
// for a proof are in it.
struct Evidence {
  bool no_such_name = false;  // NXDOMAIN
  std::vector<RrSet> answers;
  std::vector<RrSet> authorities;
  friend bool operator==(const Evidence&, const Evidence&) = default;
};

}  // namespace postrider::dns
