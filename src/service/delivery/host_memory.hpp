#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>
#include <postrider/service/delivery/settings.hpp>

namespace postrider::delivery {

// What was learnt of single hosts a while ago: which could not be used (asked last), and whose
// STARTTLS is broken (spoken to in the clear where the policy allows it). Bounded: the oldest goes.
class HostMemory {
 public:
  explicit HostMemory(std::size_t capacity) : capacity_(capacity) {}

  void on_failed(const SocketAddress& host, MonoTime until) { entry(host).failed_until = until; }
  void on_worked(const SocketAddress& host);
  void on_broken_tls(const SocketAddress& host, MonoTime until) { entry(host).plain_until = until; }
  [[nodiscard]] bool has_failed(const SocketAddress& host, MonoTime now) const;
  // As has_failed() for an attempt that would use the host otherwise. After a failure is forgotten,
  // the first who asks is to find out how the host is; others keep away from it until then.
  [[nodiscard]] bool is_avoided(const SocketAddress& host, MonoTime now, MonoTime probed_until);
  [[nodiscard]] bool has_broken_tls(const SocketAddress& host, MonoTime now) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    SocketAddress host;
    MonoTime failed_until{};  // {}: it has not, or has worked since
    MonoTime plain_until{};
  };
  struct Hash {
    std::size_t operator()(const SocketAddress& host) const noexcept {
      return std::hash<IpAddress>{}(host.ip) ^ (host.port * 0x9E3779B97F4A7C15ULL);
    }
  };
  Entry& entry(const SocketAddress& host);

  std::size_t capacity_;
  std::list<Entry> entries_;  // the newest first
  std::unordered_map<SocketAddress, std::list<Entry>::iterator, Hash> by_host_;
};

// How long a host that could not be used is asked last: over before the first retry of what it has
// failed for, so that each attempt looks anew at the host that the domain prefers.
[[nodiscard]] Duration demotion_time(const DeliverySettings& settings);

// The address family that a site has refused us on by policy (no PTR record, reputation), a while
// ago. Bounded: what is over goes first, then anything.
class FamilyMemory {
 public:
  explicit FamilyMemory(std::size_t capacity) : capacity_(capacity) {}
  void on_refused(const std::string& site, IpFamily family, MonoTime now, MonoTime until);
  [[nodiscard]] bool is_refused(const std::string& site, IpFamily family, MonoTime now) const;
  [[nodiscard]] std::size_t size() const { return sites_.size(); }

 private:
  struct Entry {
    IpFamily family{};
    MonoTime until{};
  };
  std::size_t capacity_;
  std::unordered_map<std::string, Entry> sites_;  // the family refused last
};

}  // namespace postrider::delivery
