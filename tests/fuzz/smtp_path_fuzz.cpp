// Paths, parameters, address literals and ORCPT: what is read comes back the same from what is
// written.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/address_literal.hpp>
#include <postrider/base/assert.hpp>
#include <postrider/codec/smtp/parameters.hpp>
#include <postrider/codec/smtp/path.hpp>
#include <postrider/codec/smtp/xtext.hpp>

using namespace postrider;  // NOLINT: a fuzz target

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view rest = text;
  if (const auto path = smtp::parse_path(rest, smtp::PathRole::sender); path && !path->is_null()) {
    const auto again = smtp::parse_address(path->address());
    check(again.has_value() && *again == *path, "a path does not come back");
    check(path->address().find_first_of("\r\n") == std::string::npos, "a line break in a path");
  }
  if (const auto mail = smtp::parse_mail_parameters(rest, {.require_tls = true})) {
    const auto again =
        smtp::parse_mail_parameters(smtp::encode_mail_parameters(*mail), {.require_tls = true});
    check(again.has_value() && *again == *mail, "MAIL parameters do not come back");
  }
  if (const auto rcpt = smtp::parse_rcpt_parameters(text)) {
    for (const bool smtputf8 : {false, true}) {
      const auto again = smtp::parse_rcpt_parameters(smtp::encode_rcpt_parameters(*rcpt, smtputf8));
      // Escapes may make it longer than a parameter may be.
      check(!again || *again == *rcpt, "RCPT parameters do not come back");
    }
  }
  if (const auto address = parse_address_literal(text)) {
    check(parse_address_literal(encode_address_literal(*address)) == address,
          "an address literal does not come back");
  }
  check(smtp::decode_xtext(smtp::encode_xtext(text)) == text, "xtext does not come back");
  return 0;
}
