#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <postrider/engine/task.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::net {

// Answers what the test says; everything else does not exist, securely.
class FixedResolver : public Resolver {
 public:
  engine::Task<SharedAnswer> lookup(std::string name, dns::RecordType type,
                                    engine::Until) override {
    asked.push_back(name + " " + std::string(dns::describe(type)));
    const auto found = answers.find({name, type});
    DnsAnswer answer;
    answer.status = DnsStatus::no_data;
    answer.security = DnsSecurity::secure;
    answer.canonical_name = name;
    if (found != answers.end()) {
      answer = found->second;
    }
    answer.name = std::move(name);
    co_return std::make_shared<const DnsAnswer>(std::move(answer));
  }
  [[nodiscard]] Counters counters() const override { return {}; }

  void add(const std::string& name, dns::RecordType type, DnsSecurity security,
           decltype(dns::Record::data) data, std::string canonical = "") {
    DnsAnswer& answer = answers[{name, type}];
    answer.status = DnsStatus::found;
    answer.security = security;
    answer.canonical_name = canonical.empty() ? name : std::move(canonical);
    answer.records.push_back(
        {.owner = answer.canonical_name, .type = type, .data = std::move(data)});
  }
  void fail(const std::string& name, dns::RecordType type, DnsSecurity security,
            std::string reason) {
    DnsAnswer& answer = answers[{name, type}];
    answer.security = security;
    answer.canonical_name = name;
    answer.reason = std::move(reason);
  }

  std::map<std::pair<std::string, dns::RecordType>, DnsAnswer> answers;
  std::vector<std::string> asked;
};

}  // namespace postrider::net
