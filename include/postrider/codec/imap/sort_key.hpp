#pragma once

#include <string>
#include <string_view>

namespace postrider::imap {

// i;unicode-casemap (RFC 5051): two texts are equal, and sort, as these octets do. In: UTF-8;
// ill-formed octets count as U+FFFD.
[[nodiscard]] std::string casemap(std::string_view utf8);

// What SORT compares, as octets (RFC 5256 3, RFC 5957 3). In: a header field's value as written;
// empty or unreadable: "".
[[nodiscard]] std::string subject_sort_key(std::string_view value);
struct AddressSortKeys {
  std::string mailbox;  // FROM, TO, CC: the first address's mailbox
  std::string display;  // DISPLAYFROM, DISPLAYTO: its name, or the address
};
[[nodiscard]] AddressSortKeys address_sort_keys(std::string_view value);

}  // namespace postrider::imap
