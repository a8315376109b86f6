#include "sender_auth_dns.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/key_record.hpp>
#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/engine/when_all.hpp>

namespace postrider::policy {

namespace {

dns::RecordType type_of(spf::QuestionType type) {
  switch (type) {
    case spf::QuestionType::txt:
      return dns::RecordType::txt;
    case spf::QuestionType::a:
      return dns::RecordType::a;
    case spf::QuestionType::aaaa:
      return dns::RecordType::aaaa;
    case spf::QuestionType::mx:
      return dns::RecordType::mx;
    case spf::QuestionType::ptr:
      return dns::RecordType::ptr;
  }
  return dns::RecordType::txt;
}

std::vector<std::string> texts_of(const net::DnsAnswer& found) {
  std::vector<std::string> texts;
  for (const dns::Record& record : found.records) {
    if (const auto* txt = std::get_if<dns::Txt>(&record.data)) {
      texts.push_back(txt->text);
    }
  }
  return texts;
}

spf::Answer to_spf(const net::DnsAnswer& found) {
  spf::Answer answer;
  if (found.status == net::DnsStatus::temporary_failure) {
    return answer;
  }
  answer.status =
      found.status == net::DnsStatus::found ? spf::AnswerStatus::found : spf::AnswerStatus::nothing;
  answer.texts = texts_of(found);
  std::vector<dns::Mx> hosts;
  for (const dns::Record& record : found.records) {
    if (const auto* address = std::get_if<IpAddress>(&record.data)) {
      answer.addresses.push_back(*address);
    } else if (const auto* mx = std::get_if<dns::Mx>(&record.data)) {
      hosts.push_back(*mx);
    } else if (const auto* name = std::get_if<dns::HostName>(&record.data)) {
      answer.names.push_back(name->name);
    }
  }
  std::ranges::sort(hosts, {}, &dns::Mx::preference);
  std::ranges::transform(hosts, std::back_inserter(answer.names), &dns::Mx::host);
  return answer;
}

dmarc::Answer to_dmarc(const net::DnsAnswer& found) {
  dmarc::Answer answer{.texts = texts_of(found)};
  switch (found.status) {
    case net::DnsStatus::found:
      answer.status = dmarc::AnswerStatus::found;
      break;
    case net::DnsStatus::no_data:
      answer.status = dmarc::AnswerStatus::no_data;
      break;
    case net::DnsStatus::no_such_name:
      answer.status = dmarc::AnswerStatus::no_such_name;
      break;
    case net::DnsStatus::temporary_failure:
      break;
  }
  return answer;
}

dmarc::Answer by_list(const PublicSuffixList* suffixes, const std::string& domain) {
  auto found = suffixes == nullptr ? std::nullopt : suffixes->organizational_domain(domain);
  return {.status = found ? dmarc::AnswerStatus::found : dmarc::AnswerStatus::no_data,
          .domain = found.value_or("")};
}

// RFC 6376 3.6.2.2 leaves it open what several records mean: the first that is a key counts.
arc::KeyAnswer to_key(const net::DnsAnswer& found) {
  if (found.status == net::DnsStatus::temporary_failure) {
    return {.status = arc::KeyAnswer::Status::failed, .text = {}};
  }
  const auto texts = texts_of(found);
  if (texts.empty()) {
    return {.status = arc::KeyAnswer::Status::nothing, .text = {}};
  }
  const auto key = std::ranges::find_if(
      texts, [](const std::string& text) { return dkim::parse_key_record(text).has_value(); });
  return {.status = arc::KeyAnswer::Status::found, .text = key == texts.end() ? texts[0] : *key};
}

}  // namespace

std::string to_presentation(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '.' || c == '-' || c == '_' || is_ascii_alpha(c) || is_ascii_digit(c)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "\\{:03}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string to_ascii_domain(std::string_view domain) {
  if (is_ascii(domain)) {
    return std::string(domain);
  }
  return dns::to_a_label(domain).value_or(std::string(domain));
}

engine::Task<spf::Outcome> check_spf(net::Resolver& resolver, spf::Request request,
                                     engine::Until until) {
  spf::Evaluator evaluator(std::move(request));
  spf::Action action = evaluator.start();
  while (const auto* question = std::get_if<spf::Question>(&action)) {
    const auto found =
        co_await resolver.lookup(to_presentation(question->name), type_of(question->type), until);
    action = evaluator.on_answer(to_spf(*found));
  }
  co_return std::get<spf::Outcome>(std::move(action));
}

engine::Task<dmarc::Outcome> check_dmarc(net::Resolver& resolver, dmarc::Request request,
                                         const PublicSuffixList* suffixes, engine::Until until) {
  dmarc::Evaluator evaluator(std::move(request));
  dmarc::Action action = evaluator.start();
  while (const auto* question = std::get_if<dmarc::Question>(&action)) {
    if (question->kind == dmarc::QuestionKind::organizational_domain) {
      action = evaluator.on_answer(by_list(suffixes, question->name));
      continue;
    }
    const auto type =
        question->kind == dmarc::QuestionKind::record ? dns::RecordType::txt : dns::RecordType::a;
    const auto found = co_await resolver.lookup(to_presentation(question->name), type, until);
    action = evaluator.on_answer(to_dmarc(*found));
  }
  co_return std::get<dmarc::Outcome>(std::move(action));
}

engine::Task<arc::Keys> fetch_keys(net::Resolver& resolver, std::vector<std::string> names,
                                   engine::Until until) {
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  std::vector<engine::Task<net::SharedAnswer>> lookups;
  lookups.reserve(names.size());
  for (const std::string& name : names) {
    lookups.push_back(
        resolver.lookup(to_presentation(to_ascii_domain(name)), dns::RecordType::txt, until));
  }
  const auto answers = co_await engine::when_all(std::move(lookups));
  arc::Keys keys;
  for (std::size_t i = 0; i < names.size(); ++i) {
    keys[names[i]] = to_key(*answers[i]);
  }
  co_return keys;
}

}  // namespace postrider::policy
