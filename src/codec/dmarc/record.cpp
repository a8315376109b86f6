#include <algorithm>
#include <array>

#include <postrider/base/text.hpp>
#include <postrider/codec/dmarc/record.hpp>

namespace postrider::dmarc {

namespace {

// Of one rua= or ruf=; a record that names more asks for an attack on them.
constexpr std::size_t max_uris = 20;

std::optional<Policy> parse_policy(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, Policy>, 3> policies = {
      {{"none", Policy::none}, {"quarantine", Policy::quarantine}, {"reject", Policy::reject}}};
  for (const auto& [name, policy] : policies) {
    if (equals_ignoring_case(name, text)) {
      return policy;
    }
  }
  return std::nullopt;
}

// RFC 3986 3: a scheme and something behind it. RFC 7489's "!10m" behind it is no part of a URI.
std::optional<std::string> parse_uri(std::string_view text) {
  text = trim_wsp(text.substr(0, text.find('!')));
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size() ||
      !is_ascii_alpha(text.front()) ||
      !std::ranges::all_of(text.substr(0, colon),
                           [](char c) {
                             return is_ascii_alpha(c) || is_ascii_digit(c) || c == '+' ||
                                    c == '-' || c == '.';
                           }) ||
      !std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; })) {
    return std::nullopt;
  }
  return std::string(text);
}

std::vector<std::string> parse_uris(std::string_view list) {
  std::vector<std::string> uris;
  for (const std::string_view item : split(list, ',')) {
    if (auto uri = parse_uri(item); uri && uris.size() < max_uris) {
      uris.push_back(std::move(*uri));
    }
  }
  return uris;
}

struct Tag {
  std::string_view name;
  std::string_view value;
};

// What is no tag is skipped (RFC 9989 4.7).
std::vector<Tag> parse_tags(std::string_view text) {
  std::vector<Tag> tags;
  for (const std::string_view part : split(text, ';')) {
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos) {
      tags.push_back({trim_wsp(part.substr(0, equals)), trim_wsp(part.substr(equals + 1))});
    }
  }
  return tags;
}

// What decides about the policy, until it is known whether it is sound.
struct Policies {
  bool malformed = false;
  std::optional<Policy> policy, subdomain, nonexistent;

  void read(std::optional<Policy>& into, std::string_view value) {
    into = parse_policy(value);
    malformed |= !into;
  }
};

void read_tag(const Tag& tag, Record& record, Policies& policies) {
  const auto is = [&](std::string_view name) { return equals_ignoring_case(tag.name, name); };
  const auto says = [&](std::string_view value) { return equals_ignoring_case(tag.value, value); };
  if (is("p")) {
    policies.read(policies.policy, tag.value);
  } else if (is("sp")) {
    policies.read(policies.subdomain, tag.value);
  } else if (is("np")) {
    policies.read(policies.nonexistent, tag.value);
  } else if (is("adkim")) {
    record.strict_dkim = says("s");
  } else if (is("aspf")) {
    record.strict_spf = says("s");
  } else if (is("psd")) {
    record.public_suffix = says("y")   ? PublicSuffix::yes
                           : says("n") ? PublicSuffix::no
                                       : PublicSuffix::unknown;
  } else if (is("t")) {
    record.testing = says("y");
  } else if (is("rua")) {
    record.aggregate_uris = parse_uris(tag.value);
  } else if (is("ruf")) {
    record.failure_uris = parse_uris(tag.value);
  } else if (is("fo") && std::ranges::all_of(split(tag.value, ':'), [](std::string_view option) {
               return option == "0" || option == "1" || option == "d" || option == "s";
             })) {
    record.failure_options = tag.value;
  }
}

}  // namespace

std::string_view name_of(Policy policy) {
  switch (policy) {
    case Policy::none:
      return "none";
    case Policy::quarantine:
      return "quarantine";
    case Policy::reject:
      return "reject";
  }
  return "none";
}

std::optional<Record> parse_record(std::string_view text) {
  const std::vector<Tag> tags = parse_tags(text);
  // The version stands first, and its value is case-sensitive.
  const std::string_view first = split(text, ';').front();
  if (tags.empty() || first.find('=') == std::string_view::npos ||
      !equals_ignoring_case(tags.front().name, "v") || tags.front().value != "DMARC1") {
    return std::nullopt;
  }
  Record record;
  Policies policies;
  for (auto tag = tags.begin() + 1; tag != tags.end(); ++tag) {
    const bool is_first = std::none_of(tags.begin(), tag, [&](const Tag& earlier) {
      return equals_ignoring_case(earlier.name, tag->name);
    });
    if (is_first) {
      read_tag(*tag, record, policies);
    }
  }
  if (policies.policy && !policies.malformed) {
    record.policy = policies.policy;
    record.subdomain_policy = policies.subdomain;
    record.nonexistent_policy = policies.nonexistent;
  } else if (!record.aggregate_uris.empty()) {
    record.policy = Policy::none;
  }
  return record;
}

std::string record_name(std::string_view domain) {
  return "_dmarc." + std::string(domain);
}

}  // namespace postrider::dmarc
