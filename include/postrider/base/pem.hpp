#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider {

// One block of a PEM file (RFC 7468): what stands between its BEGIN and END lines.
struct PemBlock {
  std::string label;  // "CERTIFICATE", "PRIVATE KEY"
  std::string der;
  bool is_encrypted = false;  // it has the old `Proc-Type: 4,ENCRYPTED` header; der is then no DER
};

// All well-formed blocks, in order. Text around them is skipped; so is a block whose base64 is
// broken or which does not end, since a file of many certificates is not lost by one.
[[nodiscard]] std::vector<PemBlock> parse_pem(std::string_view text);
// 64 columns, as every tool writes it.
[[nodiscard]] std::string encode_pem(std::string_view label, std::string_view der);

}  // namespace postrider
