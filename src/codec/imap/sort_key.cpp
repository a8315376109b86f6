#include <algorithm>
#include <cstdlib>
#include <memory>
#include <unicase.h>
#include <uninorm.h>

#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>
#include <postrider/codec/imap/base_subject.hpp>
#include <postrider/codec/imap/sort_key.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/mime/encoded_word.hpp>

namespace postrider::imap {
namespace {

struct Freed {
  void operator()(std::uint32_t* units) const { std::free(units); }
};

// The first address of a list; an empty one if there is none.
mime::Address first_address(std::string_view value) {
  const auto list = mime::parse_address_list(value);
  return list && !list->empty() ? list->front() : mime::Address{};
}

}  // namespace

// RFC 5051 2: title case of each character, then its full decomposition.
std::string casemap(std::string_view utf8) {
  if (is_ascii(utf8)) {
    std::string out(utf8);
    std::ranges::transform(out, out.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
    });
    return out;
  }
  std::u32string titled;
  titled.reserve(utf8.size());
  for (std::size_t at = 0; at < utf8.size();) {
    const Utf8Step step = decode_utf8(utf8.substr(at));
    titled += static_cast<char32_t>(uc_totitle(step.code_point.value_or(0xFFFD)));
    at += step.octets;
  }
  std::size_t size = 0;
  const std::unique_ptr<std::uint32_t, Freed> units(
      u32_normalize(UNINORM_NFKD, reinterpret_cast<const std::uint32_t*>(titled.data()),
                    titled.size(), nullptr, &size));
  std::string out;
  for (std::size_t i = 0; units && i < size; ++i) {
    append_utf8(out, units.get()[i]);
  }
  return out;
}

std::string subject_sort_key(std::string_view value) {
  return casemap(base_subject(mime::decode_words(value)).text);
}

std::string address_sort_key(std::string_view value) {
  const mime::Address address = first_address(value);
  if (address.is_group) {
    return casemap(mime::decode_words(address.group_name));  // its mailbox in ENVELOPE's terms
  }
  return address.mailboxes.empty() ? "" : casemap(address.mailboxes.front().local_part);
}

std::string display_sort_key(std::string_view value) {
  const mime::Address address = first_address(value);
  if (address.is_group) {
    return casemap(mime::decode_words(address.group_name));
  }
  if (address.mailboxes.empty()) {
    return "";
  }
  const mime::Mailbox& mailbox = address.mailboxes.front();
  return casemap(mailbox.display_name.empty()
                     ? mailbox.local_part + (mailbox.domain.empty() ? "" : '@' + mailbox.domain)
                     : mime::decode_words(mailbox.display_name));
}

}  // namespace postrider::imap
