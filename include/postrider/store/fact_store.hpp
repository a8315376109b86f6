#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <postrider/engine/task.hpp>
#include <postrider/store/store_error.hpp>

namespace postrider::store {

// Whose small records. The numbers stand on disk and never change.
enum class FactKind : std::uint8_t {
  sts_policy = 1,      // by domain: what policy::MtaStsCache fetched
  tls_report = 2,      // by day and domain: what policy::TlsReportTally counted
  dns_answer = 3,      // by question: the warm part of the resolver's cache
  dmarc_report = 4,    // by day, domain and core: what was judged by DMARC
  dmarc_received = 5,  // by domain, day and reporter: what others report of ours
  sent_message = 6,    // by message: from whom to whom, for what comes back
  greylist = 7,        // by client, domain or triplet: what policy::Greylist has learnt
  tls_received = 8,    // by domain, day and reporter: what others report of TLS with ours
  digest = 9,          // by account: what its digests have told of its quarantine
  list_returns = 10,   // by list: what has come back from its members
};

struct Fact {
  std::string name;
  std::string value;
};
// One that is written in the batch of something else.
struct NotedFact {
  FactKind kind{};
  Fact fact;
};

// Small things that were learnt of the world and should survive a restart. The rooms above give
// names and octets; the store does not look into them. Losing one costs a question, never mail.
// Limits: the caller's; each record goes through memory as a whole.
// Shard: any core; see QueueStore.
class FactStore {
 public:
  virtual ~FactStore() = default;
  // Errors: not_found, corrupt (write it anew), io.
  virtual engine::Task<StoreResult<std::string>> load(FactKind kind, std::string name) = 0;
  // All of them or none; what stands there already is replaced. Durable when it returns.
  virtual engine::Task<StoreResult<void>> save(FactKind kind, std::vector<Fact> facts) = 0;
  // Names that are not there do not matter.
  virtual engine::Task<StoreResult<void>> remove(FactKind kind, std::vector<std::string> names) = 0;
  // In order of name, after `after`; at most `limit`; fewer means the end was reached. What can't
  // be read comes with an empty value.
  virtual engine::Task<StoreResult<std::vector<Fact>>> list(FactKind kind, std::string after,
                                                            std::size_t limit) = 0;
};

}  // namespace postrider::store
