#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>

namespace postrider::net {

class TlsResumption;

// What a session may be resumed for: the same server, under the same name, for a policy of the same
// identity. A session that was accepted without a look is never offered where a policy demands one.
struct TlsResumptionKey {
  SocketAddress peer;
  std::string server_name;
  // Whatever the outcome of a handshake was judged by: "opportunistic", "verified", a digest of the
  // TLSA records or fingerprints. Nothing is shared between two identities.
  std::string policy;
  friend bool operator==(const TlsResumptionKey&, const TlsResumptionKey&) = default;
};

struct TlsResumptionLimits {
  std::size_t sessions = 1000;  // in all, 2 to 8 KiB each; the oldest goes
  std::size_t per_key = 4;      // connections to one host that may resume at the same time
  // A session that is older starts anew, so that what was judged once is judged again: certificates
  // expire, and anchors are withdrawn. The server's own limit counts, too.
  Duration age{std::chrono::hours(1)};
};

// Sessions with peers that may be resumed. A full handshake costs us a signature check or two and
// the peer a signature; a resumed one neither.
//
// Each session is used once (RFC 8446 C.4): take() gives it away, and the connection that it opens
// brings another one. Sessions live in memory only.
// After a handshake that failed although a session was offered: forget(), then try once without.
// Who judges the chain (DANE, fingerprints) judges the one that a resumed session carries over,
// by today's records; where it no longer fits, a full handshake shows what the server has now.
// Shard: one core's own.
class TlsResumptionCache {
 public:
  explicit TlsResumptionCache(const TlsResumptionLimits& limits = {}) : limits_(limits) {}

  // The newest; nullptr: there is none.
  [[nodiscard]] std::shared_ptr<const TlsResumption> take(const TlsResumptionKey& key,
                                                          MonoTime now);
  // At the end of a connection whose handshake satisfied the policy: what TlsSession::resumption()
  // gave. nullptr is ignored.
  void keep(const TlsResumptionKey& key, std::shared_ptr<const TlsResumption> session,
            MonoTime now);
  // All that there is for the key.
  void forget(const TlsResumptionKey& key);
  // All: after a reload, whose contexts are others.
  void clear();

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    TlsResumptionKey key;
    std::shared_ptr<const TlsResumption> session;
    MonoTime since;
  };
  using Entries = std::list<Entry>;  // the newest first
  struct Hash {
    std::size_t operator()(const TlsResumptionKey& key) const noexcept;
  };

  void erase(Entries::iterator entry);

  TlsResumptionLimits limits_;
  Entries entries_;
  // Of one key the newest last.
  std::unordered_map<TlsResumptionKey, std::list<Entries::iterator>, Hash> by_key_;
};

}  // namespace postrider::net
