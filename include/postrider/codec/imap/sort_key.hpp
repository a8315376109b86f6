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
// FROM, TO, CC: the first address's mailbox.
[[nodiscard]] std::string address_sort_key(std::string_view value);
// DISPLAYFROM, DISPLAYTO: the first address's name, or the address.
[[nodiscard]] std::string display_sort_key(std::string_view value);

}  // namespace postrider::imap
