#pragma once

#include <map>
#include <memory>
#include <string>

#include <postrider/engine/reactor.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::policy {

// DNS as a table; dead, it never answers.
class TableResolver final : public net::Resolver {
 public:
  explicit TableResolver(engine::Reactor& reactor) : reactor_(reactor) {}

  engine::Task<net::SharedAnswer> lookup(std::string name, dns::RecordType type,
                                         engine::Until until) override {
    ++lookups;
    auto answer = std::make_shared<net::DnsAnswer>();
    if (dead) {
      (void)co_await reactor_.sleep(until);
      co_return answer;
    }
    answer->status = net::DnsStatus::no_such_name;
    for (auto [it, end] = records.equal_range(name); it != end; ++it) {
      if (answer->status == net::DnsStatus::no_such_name) {
        answer->status = net::DnsStatus::no_data;
      }
      if (it->second.type == type) {
        answer->status = net::DnsStatus::found;
        answer->records.push_back(it->second);
      }
    }
    co_return answer;
  }
  [[nodiscard]] Counters counters() const override { return {}; }

  void txt(const std::string& name, const std::string& text) {
    records.insert({name, {name, dns::RecordType::txt, 60, dns::Txt{text}}});
  }

  void address(const std::string& name, const std::string& ip) {
    const IpAddress parsed = *IpAddress::parse(ip);
    const auto type = parsed.family() == IpFamily::v4 ? dns::RecordType::a : dns::RecordType::aaaa;
    records.insert({name, {name, type, 60, parsed}});
  }
  void pointer(const std::string& name, const std::string& host) {
    records.insert({name, {name, dns::RecordType::ptr, 60, dns::HostName{host}}});
  }

  std::multimap<std::string, dns::Record> records;
  bool dead = false;
  int lookups = 0;

 private:
  engine::Reactor& reactor_;
};

}  // namespace postrider::policy
