#include <string>

#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/policy/send_as.hpp>

namespace postrider::policy {
namespace {

std::string canonical(std::string_view address) {
  const std::size_t at = address.rfind('@');
  if (at == address.npos) {
    return to_lower(address);
  }
  const auto domain = dns::to_a_label(address.substr(at + 1));
  return to_lower(address.substr(0, at + 1)) +
         (domain ? *domain : to_lower(address.substr(at + 1)));
}

// "user+detail@example.org" is delivered to "user@example.org".
std::string without_detail(const std::string& address) {
  const std::size_t at = address.rfind('@');
  const std::size_t plus = address.find('+');
  if (at == address.npos || plus == address.npos || plus == 0 || plus > at ||
      address.starts_with('"')) {
    return address;
  }
  return address.substr(0, plus) + address.substr(at);
}

}  // namespace

bool may_send_as(const Identity& identity, std::string_view address) {
  if (address.empty()) {
    return true;
  }
  const std::string wanted = canonical(address);
  const std::size_t at = wanted.rfind('@');
  const std::string own = canonical(identity.name);
  if (wanted == own || without_detail(wanted) == own) {
    return true;
  }
  for (const std::string& entry : identity.send_as) {
    if (entry == "*") {
      return true;
    }
    const std::string allowed = canonical(entry);
    if (allowed == wanted || (allowed.starts_with('@') && at != wanted.npos &&
                              std::string_view(wanted).substr(at) == allowed)) {
      return true;
    }
  }
  return false;
}

}  // namespace postrider::policy
