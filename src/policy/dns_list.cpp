#include <algorithm>
#include <optional>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/engine/when_all.hpp>
#include <postrider/policy/dns_list.hpp>
#include <postrider/policy/reverse_name.hpp>

namespace postrider::policy {
namespace {

constexpr std::size_t text_octets_max = 200;

// RFC 5782 2.1: 127.0.0.0/8; by custom 127.255.255.0/24 is about the question, not the subject.
bool counts(const IpAddress& answer) {
  const auto& octets = answer.octets();
  return answer.family() == IpFamily::v4 && octets[0] == 127 &&
         !(octets[1] == 255 && octets[2] == 255);
}

engine::Task<std::optional<DnsListing>> ask(net::Resolver& resolver, DnsList list, std::string name,
                                            engine::Until until) {
  const auto found = co_await resolver.lookup(name, dns::RecordType::a, until);
  DnsListing listing{list.zone, list.action, {}, {}};
  for (const dns::Record& record : found->records) {
    if (const auto* answer = std::get_if<IpAddress>(&record.data); answer && counts(*answer)) {
      listing.answer = answer->text();
      break;
    }
  }
  if (listing.answer.empty()) {
    co_return std::nullopt;
  }
  const auto why = co_await resolver.lookup(std::move(name), dns::RecordType::txt, until);
  for (const dns::Record& record : why->records) {
    if (const auto* text = std::get_if<dns::Txt>(&record.data)) {
      listing.text = quoted_for_log(text->text, text_octets_max);
      break;
    }
  }
  co_return listing;
}

}  // namespace

engine::Task<std::vector<DnsListing>> look_up_lists(net::Resolver& resolver,
                                                    std::vector<DnsList> lists, IpAddress address,
                                                    engine::Until until) {
  std::vector<engine::Task<std::optional<DnsListing>>> questions;
  for (const DnsList& list : lists) {
    questions.push_back(ask(resolver, list, reverse_name(address, list.zone), until));
  }
  auto answers = co_await engine::when_all(std::move(questions));
  std::vector<DnsListing> out;
  for (auto& answer : answers) {
    if (answer) {
      out.push_back(*std::move(answer));
    }
  }
  co_return out;
}

}  // namespace postrider::policy
