#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <postrider/net/resolver.hpp>

namespace postrider::delivery {

// A resolver that answers from a table, at once.
class FakeDns final : public net::Resolver {
 public:
  void add_mx(const std::string& domain, std::uint16_t preference, const std::string& host) {
    mx_[domain].push_back({preference, host});
  }
  void add_address(const std::string& host, const IpAddress& address) {
    addresses_[host].push_back(address);
  }
  void set_broken(const std::string& name, bool broken) {
    if (broken) {
      broken_.insert(name);
    } else {
      broken_.erase(name);
    }
  }

  engine::Task<net::SharedAnswer> lookup(std::string name, dns::RecordType type,
                                         engine::Until /*until*/) override {
    ++counters_.lookups;
    auto answer = std::make_shared<net::DnsAnswer>();
    answer->name = name;
    answer->canonical_name = name;
    const bool is_known = mx_.contains(name) || addresses_.contains(name);
    answer->status = is_known ? net::DnsStatus::no_data : net::DnsStatus::no_such_name;
    if (broken_.contains(name) || broken_.contains("*")) {
      answer->status = net::DnsStatus::temporary_failure;
      answer->reason = "SERVFAIL from the test";
      co_return answer;
    }
    if (type == dns::RecordType::mx && mx_.contains(name)) {
      for (const auto& [preference, host] : mx_[name]) {
        answer->records.push_back({name, type, 300, dns::Mx{preference, host}});
      }
    } else if (addresses_.contains(name)) {
      for (const IpAddress& address : addresses_[name]) {
        const bool is_v4 = address.family() == IpFamily::v4;
        if (type == (is_v4 ? dns::RecordType::a : dns::RecordType::aaaa)) {
          answer->records.push_back({name, type, 300, address});
        }
      }
    }
    if (!answer->records.empty()) {
      answer->status = net::DnsStatus::found;
    }
    co_return answer;
  }
  [[nodiscard]] Counters counters() const override { return counters_; }

 private:
  std::map<std::string, std::vector<std::pair<std::uint16_t, std::string>>> mx_;
  std::map<std::string, std::vector<IpAddress>> addresses_;
  std::set<std::string> broken_;
  Counters counters_;
};

}  // namespace postrider::delivery
