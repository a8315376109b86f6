#include <algorithm>
#include <fmt/core.h>
#include <optional>
#include <set>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/engine/when_all.hpp>
#include <postrider/policy/dns_list.hpp>
#include <postrider/policy/reverse_name.hpp>

namespace postrider::policy {
namespace {

constexpr std::size_t text_octets_max = 200;

struct Question {
  DnsList list;
  std::string name;  // what DNS is asked for
  std::string subject;
  std::optional<NameRole> role;
};

// RFC 5782 2.1: 127.0.0.0/8; by custom 127.255.255.0/24 is about the question, not the subject, as
// is 127.0.1.255 of lists of domains.
bool is_faulty(const IpAddress& answer, bool is_of_domain) {
  const auto& octets = answer.octets();
  const bool is_of_query = octets[1] == 255 && octets[2] == 255;
  const bool is_no_domain = octets[1] == 0 && octets[2] == 1 && octets[3] == 255;
  return answer.family() != IpFamily::v4 || octets[0] != 127 || is_of_query ||
         (is_of_domain && is_no_domain);
}

bool is_meant(const IpAddress& answer, const DnsList& list) {
  return list.answers.empty() ||
         std::ranges::any_of(list.answers, [&answer](const AnswerPattern& pattern) {
           return pattern.matches(answer);
         });
}

bool has_answered(net::DnsStatus status) {
  return status == net::DnsStatus::found || status == net::DnsStatus::no_data ||
         status == net::DnsStatus::no_such_name;
}

engine::Task<DnsListAnswer> ask(net::Resolver& resolver, Question question, engine::Until until) {
  const auto found = co_await resolver.lookup(question.name, dns::RecordType::a, until);
  const DnsList& list = question.list;
  DnsListAnswer out;
  out.state = has_answered(found->status) ? DnsListState::clean : DnsListState::silent;
  out.listing = {list.zone, list.action, {}, {}, question.subject, question.role, list.weight};
  for (const dns::Record& record : found->records) {
    const auto* answer = std::get_if<IpAddress>(&record.data);
    if (answer == nullptr) {
      continue;
    }
    if (is_faulty(*answer, question.role.has_value())) {
      out.state = DnsListState::faulty;
      out.listing.answer = answer->text();
    } else if (is_meant(*answer, list)) {
      out.state = DnsListState::listed;
      out.listing.answer = answer->text();
      break;
    }
  }
  if (out.state != DnsListState::listed) {
    co_return out;
  }
  const auto why = co_await resolver.lookup(question.name, dns::RecordType::txt, until);
  for (const dns::Record& record : why->records) {
    if (const auto* text = std::get_if<dns::Txt>(&record.data)) {
      out.listing.text = quoted_for_log(text->text, text_octets_max);
      break;
    }
  }
  co_return out;
}

engine::Task<std::vector<DnsListAnswer>> ask_all(net::Resolver& resolver,
                                                 std::vector<Question> questions,
                                                 engine::Until until) {
  std::vector<engine::Task<DnsListAnswer>> tasks;
  for (Question& question : questions) {
    tasks.push_back(ask(resolver, std::move(question), until));
  }
  co_return co_await engine::when_all(std::move(tasks));
}

// The domain that a list is asked for; nullopt: none.
std::optional<std::string> subject_of(std::string_view name, const DomainList& list,
                                      const PublicSuffixList* suffixes) {
  name = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  const auto ascii = dns::to_a_label(name);  // refuses addresses and literals
  if (!ascii || !ascii->contains('.')) {
    return std::nullopt;
  }
  std::optional<std::string> domain = *ascii;
  if (list.organizational && suffixes != nullptr) {
    domain = suffixes->organizational_domain(*ascii);
  }
  const bool fits =
      domain && domain->size() + 1 + list.list.zone.size() <= dns::host_name_octets_max;
  return fits ? domain : std::nullopt;
}

}  // namespace

std::string_view name_of(NameRole role) {
  switch (role) {
    case NameRole::client:
      return "client";
    case NameRole::helo:
      return "helo";
    case NameRole::sender:
      return "sender";
    case NameRole::from:
      return "from";
    case NameRole::dkim:
      return "dkim";
  }
  return "";
}

std::string describe(const DnsListing& listing) {
  const auto what = [&listing]() -> std::string_view {
    if (!listing.role) {
      return "";
    }
    switch (*listing.role) {
      case NameRole::client:
        return "client name ";
      case NameRole::helo:
        return "HELO name ";
      case NameRole::sender:
        return "sender domain ";
      case NameRole::from:
        return "From domain ";
      case NameRole::dkim:
        return "DKIM domain ";
    }
    return "";
  }();
  return fmt::format("{}{} is listed by {} ({}{}{})", what, listing.subject, listing.zone,
                     listing.answer, listing.text.empty() ? "" : ": ", listing.text);
}

std::vector<DnsListing> listings_of(std::vector<DnsListAnswer> answers) {
  std::vector<DnsListing> out;
  for (DnsListAnswer& answer : answers) {
    if (answer.state == DnsListState::listed) {
      out.push_back(std::move(answer.listing));
    }
  }
  return out;
}

engine::Task<std::vector<DnsListAnswer>> look_up_lists(net::Resolver& resolver,
                                                       std::vector<DnsList> lists,
                                                       IpAddress address, engine::Until until) {
  std::vector<Question> questions;
  for (const DnsList& list : lists) {
    questions.push_back({list, reverse_name(address, list.zone), address.text(), std::nullopt});
  }
  return ask_all(resolver, std::move(questions), until);
}

engine::Task<std::vector<DnsListAnswer>> look_up_names(net::Resolver& resolver,
                                                       std::vector<DomainList> lists,
                                                       std::vector<ListedName> names,
                                                       const PublicSuffixList* suffixes,
                                                       engine::Until until) {
  names.resize(std::min(names.size(), listed_names_max));
  std::vector<Question> questions;
  std::set<std::string> asked;
  for (const DomainList& list : lists) {
    for (const ListedName& name : names) {
      if (std::ranges::find(list.roles, name.role) == list.roles.end()) {
        continue;
      }
      const auto subject = subject_of(name.name, list, suffixes);
      std::string full = subject ? *subject + '.' + list.list.zone : "";
      if (subject && asked.insert(full).second) {
        questions.push_back({list.list, std::move(full), *subject, name.role});
      }
    }
  }
  return ask_all(resolver, std::move(questions), until);
}

}  // namespace postrider::policy
