#include <algorithm>
#include <fmt/format.h>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/report/bounce_rules.hpp>

namespace postrider::report {

namespace {

// Words decide before codes: many hosts answer 5.7.1 or 5.0.0 to everything.
constexpr std::string_view built_in_rules = R"(# CLASS            ENHANCED REPLY TEXT
greylisted         4.*      *     greylist
greylisted         4.*      *     gray-list
greylisted         4.*      *     grey-list
mailbox-full       *        *     mailbox full
mailbox-full       *        *     mailbox is full
mailbox-full       *        *     over quota
mailbox-full       *        *     overquota
mailbox-full       *        *     quota exceeded
mailbox-full       *        *     exceeded*quota
mailbox-full       *        *     out of storage
mailbox-full       *.2.2    *
mailbox-disabled   *        *     account*disabled
mailbox-disabled   *        *     mailbox*disabled
mailbox-disabled   *        *     account*suspended
mailbox-disabled   *        *     account*inactive
mailbox-disabled   *        *     mailbox*unavailable*inactive
mailbox-disabled   *.2.1    *
authentication     *        *     dmarc
authentication     *        *     spf*fail
authentication     *        *     dkim*fail
authentication     *        *     sender policy framework
authentication     *        *     unauthenticated email
authentication     *.7.20   *
authentication     *.7.21   *
authentication     *.7.22   *
authentication     *.7.23   *
authentication     *.7.24   *
authentication     *.7.25   *
authentication     *.7.26   *
authentication     *.7.27   *
blocklist          *        *     spamhaus
blocklist          *        *     barracuda
blocklist          *        *     spamcop
blocklist          *        *     proofpoint*blocked
blocklist          *        *     blocklist
blocklist          *        *     block list
blocklist          *        *     blacklist
blocklist          *        *     black list
blocklist          *        *     dnsbl
blocklist          *        *     poor reputation
blocklist          *        *     bad reputation
blocklist          *        *     low reputation
spam               *        *     spam
spam               *        *     unsolicited
spam               *        *     bulk mail
spam               *        *     content*rejected
virus              *        *     virus
virus              *        *     malware
virus              *.6.0    *     attachment
rate-limited       *        *     rate limit
rate-limited       *        *     too many
rate-limited       *        *     throttl
rate-limited       *        *     try again later*connections
rate-limited       *.7.28   *
unknown-recipient  *        *     user unknown
unknown-recipient  *        *     unknown user
unknown-recipient  *        *     no such user
unknown-recipient  *        *     no such recipient
unknown-recipient  *        *     no such mailbox
unknown-recipient  *        *     unknown recipient
unknown-recipient  *        *     recipient*not found
unknown-recipient  *        *     recipient unknown
unknown-recipient  *        *     user*does not exist
unknown-recipient  *        *     account*does not exist
unknown-recipient  *        *     address*does not exist
unknown-recipient  *        *     mailbox not found
unknown-recipient  *        *     user not found
unknown-recipient  *        *     not our customer
unknown-recipient  *        *     invalid recipient
unknown-recipient  *        *     invalid mailbox
unknown-recipient  *        *     mailbox unavailable
unknown-recipient  *        *     recipient address rejected: undeliverable
relay-denied       *        *     relay access denied
relay-denied       *        *     relaying denied
relay-denied       *        *     relay not permitted
relay-denied       *        *     unable to relay
relay-denied       *        *     not permitted to relay
unknown-domain     *        *     domain*not found
unknown-domain     *        *     host unknown
unknown-domain     *        *     name or service not known
unknown-domain     *        *     nxdomain
unknown-recipient  5.1.0    *
unknown-recipient  5.1.1    *
unknown-domain     5.1.2    *
unknown-recipient  5.1.3    *
unknown-recipient  5.1.6    *
sender-rejected    *.1.7    *
sender-rejected    *.1.8    *
unknown-domain     5.1.10   *
too-large          *.2.3    *
too-large          *.3.4    *
too-large          *        552   size
system-full        *.3.1    *
network            *.4.1    *
network            *.4.2    *
network            *.4.3    *
unknown-domain     5.4.4    *
network            *.4.4    *
loop               *.4.6    *
expired            *.4.7    *
tls                *.7.4    *
tls                *.7.5    *
tls                *.7.10   *
protocol           *.5.*    *
content            *.6.*    *
policy             *.7.*    *
mailbox-unavailable *.2.*   *
system             *.3.*    *
network            *.4.*    *
)";

std::string_view take_word(std::string_view& line) {
  line = trim_wsp(line);
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

bool is_class(std::string_view word) {
  return std::ranges::all_of(
      word, [](char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-'; });
}

// A code of digits, dots and stars.
bool is_code_pattern(std::string_view word) {
  return !word.empty() && std::ranges::all_of(word, [](char c) {
    return is_ascii_digit(c) || c == '.' || c == '*';
  });
}

}  // namespace

bool matches_pattern(std::string_view text, std::string_view pattern) {
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = std::string_view::npos;
  std::size_t after_star = 0;
  while (at < text.size()) {
    if (in < pattern.size() && pattern[in] == '*') {
      star = in++;
      after_star = at;
    } else if (in < pattern.size() && pattern[in] == text[at]) {
      ++in;
      ++at;
    } else if (star != std::string_view::npos) {
      in = star + 1;
      at = ++after_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in) == std::string_view::npos;
}

std::expected<BounceRules, std::string> BounceRules::parse(std::string_view file) {
  BounceRules rules;
  std::size_t number = 0;
  for (std::string_view line : split(file, '\n')) {
    ++number;
    line = line.substr(0, line.find('#'));
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (trim_wsp(line).empty()) {
      continue;
    }
    BounceRule rule;
    rule.bounce_class = to_lower(take_word(line));
    rule.enhanced = take_word(line);
    rule.reply = take_word(line);
    rule.text = to_lower(trim_wsp(line));
    if (!is_class(rule.bounce_class) || !is_code_pattern(rule.enhanced) ||
        !is_code_pattern(rule.reply)) {
      return std::unexpected(fmt::format("line {}: not CLASS ENHANCED REPLY [TEXT]", number));
    }
    if (rules.rules_.size() == max_bounce_rules) {
      return std::unexpected(fmt::format("line {}: more than {} rules", number, max_bounce_rules));
    }
    rules.rules_.push_back(std::move(rule));
  }
  return rules;
}

std::string_view BounceRules::built_in_text() {
  return built_in_rules;
}

const BounceRules& BounceRules::built_in() {
  static const BounceRules rules = [] {
    auto parsed = parse(built_in_rules);
    check(parsed.has_value(), "our own rules are sound");
    return std::move(*parsed);
  }();
  return rules;
}

std::string_view BounceRules::classify(const BounceFacts& facts) const {
  const std::string text = to_lower(facts.text.substr(0, max_classified_octets));
  for (const BounceRule& rule : rules_) {
    // What is not known fits nothing but "*".
    if (matches_pattern(facts.enhanced, rule.enhanced) &&
        matches_pattern(facts.reply, rule.reply) &&
        (rule.text.empty() || matches_pattern(text, '*' + rule.text + '*'))) {
      return rule.bounce_class;
    }
  }
  return "undetermined";
}

}  // namespace postrider::report
