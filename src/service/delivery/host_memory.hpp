#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>

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
  [[nodiscard]] bool has_broken_tls(const SocketAddress& host, MonoTime now) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    SocketAddress host;
    MonoTime failed_until{};
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

}  // namespace postrider::delivery
