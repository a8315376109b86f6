#include <cstdlib>
#include <iterator>
#include <memory>
#include <unicase.h>
#include <uninorm.h>

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

void append_decomposed(const std::u32string& text, std::string& out) {
  std::uint32_t buffer[64];
  std::size_t size = std::size(buffer);
  std::uint32_t* units =
      u32_normalize(UNINORM_NFKD, reinterpret_cast<const std::uint32_t*>(text.data()), text.size(),
                    buffer, &size);
  const std::unique_ptr<std::uint32_t, Freed> owned(units == buffer ? nullptr : units);
  for (std::size_t i = 0; units != nullptr && i < size; ++i) {
    append_utf8(out, units[i]);
  }
}

}  // namespace

// RFC 5051 2: title case of each character, then its full decomposition. ASCII decomposes to itself
// and no mark is reordered across it, so that only the runs between are work.
std::string casemap(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  std::u32string run;
  for (std::size_t at = 0; at < utf8.size();) {
    const char c = utf8[at];
    if (static_cast<unsigned char>(c) < 0x80) {
      out += c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
      ++at;
      continue;
    }
    run.clear();
    while (at < utf8.size() && static_cast<unsigned char>(utf8[at]) >= 0x80) {
      const Utf8Step step = decode_utf8(utf8.substr(at));
      run += static_cast<char32_t>(uc_totitle(step.code_point.value_or(0xFFFD)));
      at += step.octets;
    }
    append_decomposed(run, out);
  }
  return out;
}

std::string subject_sort_key(std::string_view value) {
  return casemap(base_subject(mime::decode_words(value)).text);
}

AddressSortKeys address_sort_keys(std::string_view value) {
  const auto list = mime::parse_address_list(value);
  if (!list || list->empty()) {
    return {};
  }
  const mime::Address& address = list->front();
  if (address.is_group) {
    const std::string key = casemap(mime::decode_words(address.group_name));
    return {key, key};  // its mailbox in ENVELOPE's terms
  }
  if (address.mailboxes.empty()) {
    return {};
  }
  const mime::Mailbox& mailbox = address.mailboxes.front();
  const std::string display =
      mailbox.name().empty()
          ? mailbox.local_part + (mailbox.domain.empty() ? "" : '@' + mailbox.domain)
          : mime::decode_words(mailbox.name());
  return {casemap(mailbox.local_part), casemap(display)};
}

}  // namespace postrider::imap
