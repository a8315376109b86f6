#pragma once

#include "dns_chain.hpp"
#include "resolver_lookup.hpp"

#include <memory>
#include <string>
#include <vector>

#include <postrider/codec/dns/validator.hpp>

namespace postrider::net {

// What a response says that is to be proven: the CNAMEs from visited[first] on, and its end.
[[nodiscard]] std::vector<dns::Claim> claims_of(const ChainResult& chain,
                                                const std::vector<std::string>& visited,
                                                std::size_t first, dns::RecordType type);

// Runs the validator until it is done: its work in heavy steps of the reactor, one a turn for all
// who validate, its questions to the servers but for those in `without`, each asked once for all
// who need it. Bounded by the validator's limits and `until`. `validator` and `without` outlive the
// Task.
[[nodiscard]] engine::Task<void> validate(std::shared_ptr<ResolverShared> shared,
                                          dns::Validator& validator,
                                          const std::vector<std::size_t>& without,
                                          engine::Until until);

}  // namespace postrider::net
