#include <idn2.h>
#include <memory>

#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>

namespace postrider::dns {

namespace {

// UTF-8 takes at most 4 octets a code point, and no name has more code points than octets as
// A-labels: what is longer need not be looked at.
constexpr std::size_t utf8_octets_max = 4 * host_name_octets_max;

struct FreeIdn {
  void operator()(std::uint8_t* text) const { idn2_free(text); }
};

NameError error_of(int status) {
  switch (status) {
    case IDN2_MALLOC:
      return NameError::no_memory;
    case IDN2_ENCODING_ERROR:
    case IDN2_ICONV_FAIL:
      return NameError::not_utf8;
    case IDN2_TOO_BIG_DOMAIN:
    case IDN2_TOO_BIG_LABEL:
      return NameError::too_long;
    default:
      return NameError::not_convertible;
  }
}

// Non-ASCII names: mapped (case, width, full stops) and normalised, then checked label by label.
Result<std::string, NameError> convert(std::string_view domain) {
  if (!is_utf8(domain)) {
    return failure(NameError::not_utf8);
  }
  const std::string text(domain);
  std::uint8_t* raw = nullptr;
  const int status = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(text.c_str()), &raw,
                                    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<std::uint8_t, FreeIdn> converted(raw);
  if (status != IDN2_OK) {
    return failure(error_of(status));
  }
  return to_lower(reinterpret_cast<const char*>(converted.get()));
}

}  // namespace

std::string_view describe(NameError error) {
  switch (error) {
    case NameError::not_a_host_name:
      return "not a host name";
    case NameError::not_convertible:
      return "not a valid internationalized domain name";
    case NameError::not_utf8:
      return "not UTF-8";
    case NameError::too_long:
      return "a label or the name is too long";
    case NameError::no_memory:
      return "out of memory";
  }
  return "unknown error";
}

Result<std::string, NameError> to_a_label(std::string_view domain) {
  if (domain.size() > utf8_octets_max) {
    return failure(NameError::too_long);
  }
  if (domain.contains('\0')) {
    return failure(NameError::not_a_host_name);
  }
  Result<std::string, NameError> name = is_ascii(domain) ? to_lower(domain) : convert(domain);
  if (name && !is_host_name(*name)) {
    return failure(NameError::not_a_host_name);
  }
  return name;
}

}  // namespace postrider::dns
