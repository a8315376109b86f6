#include <libpsl.h>

#include <postrider/policy/public_suffix.hpp>

namespace postrider::policy {

void PublicSuffixList::Free::operator()(void* list) const {
  psl_free(static_cast<psl_ctx_t*>(list));
}

std::optional<PublicSuffixList> PublicSuffixList::load() {
  psl_ctx_t* const list = psl_latest(nullptr);
  return list == nullptr ? std::nullopt : std::optional(PublicSuffixList(list));
}

std::optional<std::string> PublicSuffixList::organizational_domain(std::string_view domain) const {
  const std::string name(domain);
  const char* const found =
      psl_registrable_domain(static_cast<const psl_ctx_t*>(list_.get()), name.c_str());
  return found == nullptr ? std::nullopt : std::optional(std::string(found));
}

}  // namespace postrider::policy
