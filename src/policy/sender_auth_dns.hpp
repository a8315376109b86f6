#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/arc/chain.hpp>
#include <postrider/codec/dmarc/evaluator.hpp>
#include <postrider/codec/spf/evaluator.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/public_suffix.hpp>

// What answers the evaluators' questions from DNS.
namespace postrider::policy {

// A name whose labels hold any octets, in the form that the resolver takes (RFC 1035 5.1).
[[nodiscard]] std::string to_presentation(std::string_view name);
// A-labels where the domain has others; as it is if that can't be done.
[[nodiscard]] std::string to_ascii_domain(std::string_view domain);

[[nodiscard]] engine::Task<spf::Outcome> check_spf(net::Resolver& resolver, spf::Request request,
                                                   engine::Until until);
// `suffixes` only for Discovery::public_suffix.
[[nodiscard]] engine::Task<dmarc::Outcome> check_dmarc(net::Resolver& resolver,
                                                       dmarc::Request request,
                                                       const PublicSuffixList* suffixes,
                                                       engine::Until until);
// All at once; the caller bounds their number.
[[nodiscard]] engine::Task<arc::Keys> fetch_keys(net::Resolver& resolver,
                                                 std::vector<std::string> names,
                                                 engine::Until until);

}  // namespace postrider::policy
