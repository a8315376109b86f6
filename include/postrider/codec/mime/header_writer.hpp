#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/codec/mime/address.hpp>

namespace postrider::mime {

// Appends header fields, folded at 78 columns, to a string. No value can break out of its field:
// control characters (CR and LF above all) become blanks.
class HeaderWriter {
 public:
  // utf8_allowed: RFC 6532 (the message goes by SMTPUTF8); else what is not ASCII is encoded by RFC
  // 2047.
  HeaderWriter(std::string& out, bool utf8_allowed) : out_(out), utf8_allowed_(utf8_allowed) {}

  // Free text, as Subject.
  HeaderWriter& unstructured(std::string_view name, std::string_view text);
  // Structured text that is already encoded: folded at its blanks only.
  HeaderWriter& structured(std::string_view name, std::string_view text);
  HeaderWriter& mailboxes(std::string_view name, const std::vector<Mailbox>& list);
  HeaderWriter& date(std::string_view name, WallTime time);

 private:
  std::string& out_;
  bool utf8_allowed_;
};

}  // namespace postrider::mime
