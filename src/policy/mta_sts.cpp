#include <algorithm>
#include <fmt/core.h>
#include <optional>

#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/policy/mta_sts.hpp>

namespace postrider::policy {

namespace {

constexpr std::string_view version = "STSv1";

bool is_alphanumeric(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c);
}

// RFC 8461 3.1, sts-ext-name; keys of policy files look the same.
bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= 32 && is_alphanumeric(key.front()) &&
         std::ranges::all_of(
             key, [](char c) { return is_alphanumeric(c) || c == '_' || c == '-' || c == '.'; });
}

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= sts_limits::id_octets &&
         std::ranges::all_of(id, is_alphanumeric);
}

// RFC 8461 3.1, sts-ext-value: visible ASCII but for "=" and ";".
bool is_extension_value(std::string_view value) {
  return !value.empty() && std::ranges::all_of(value, [](char c) {
    return c > ' ' && c <= '~' && c != '=' && c != ';';
  });
}

// "v=STSv1" and then a delimiter: what makes a TXT record one of ours.
bool is_sts_record(std::string_view record) {
  constexpr std::string_view head = "v=STSv1";
  return record.starts_with(head) && trim_wsp(record.substr(head.size())).starts_with(';');
}

Result<std::string, StsRecordError> read_id(std::string_view record) {
  std::optional<std::string> id;
  bool is_first = true;
  const std::vector<std::string_view> fields = split(record, ';');
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string_view field = trim_wsp(fields[i]);
    if (std::exchange(is_first, false)) {
      continue;  // the version
    }
    if (field.empty() && i + 1 == fields.size()) {
      continue;  // the delimiter at the end
    }
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos) {
      return failure(StsRecordError::malformed);
    }
    const std::string_view key = trim_wsp(field.substr(0, equals));
    const std::string_view value = trim_wsp(field.substr(equals + 1));
    if (key == "id") {
      if (!is_id(value)) {
        return failure(StsRecordError::malformed);
      }
      id = id.value_or(std::string(value));
    } else if (!is_key(key) || !is_extension_value(value)) {
      return failure(StsRecordError::malformed);
    }
  }
  if (!id) {
    return failure(StsRecordError::malformed);
  }
  return *std::move(id);
}

// One policy while its lines are read.
struct Draft {
  bool has_version = false;
  std::optional<StsMode> mode;
  std::optional<Duration> max_age;
  std::vector<std::string> mx;
};

std::optional<StsMode> parse_mode(std::string_view value) {
  for (const StsMode mode : {StsMode::none, StsMode::testing, StsMode::enforce}) {
    if (value == describe(mode)) {
      return mode;
    }
  }
  return std::nullopt;
}

std::optional<std::string> parse_pattern(std::string_view value) {
  const std::string_view host = value.starts_with("*.") ? value.substr(2) : value;
  return dns::is_host_name(host) ? std::optional(to_lower(value)) : std::nullopt;
}

using Problem = std::optional<std::string>;

Problem take_field(Draft& draft, std::string_view key, std::string_view value) {
  const auto wrong = [&] {
    return fmt::format("'{}: {}' is not valid", key, quoted_for_log(value, 60));
  };
  if (key == "version" && !draft.has_version) {
    draft.has_version = value == version;
    return draft.has_version ? Problem() : wrong();
  }
  if (key == "mode" && !draft.mode) {
    draft.mode = parse_mode(value);
    return draft.mode ? Problem() : wrong();
  }
  if (key == "max_age" && !draft.max_age) {
    const auto seconds = value.size() <= 10 ? parse_decimal(value) : std::nullopt;
    if (!seconds) {
      return wrong();
    }
    // Compared as seconds: the largest that fits ten digits is no Duration.
    constexpr auto longest =
        std::chrono::duration_cast<std::chrono::seconds>(sts_limits::max_age).count();
    draft.max_age = std::chrono::seconds(
        std::min<std::uint64_t>(*seconds, static_cast<std::uint64_t>(longest)));
  }
  if (key == "mx") {
    auto pattern = parse_pattern(value);
    if (!pattern) {
      return wrong();
    }
    if (draft.mx.size() >= sts_limits::patterns) {
      return fmt::format("more than {} mx lines", sts_limits::patterns);
    }
    draft.mx.push_back(*std::move(pattern));
  }
  return std::nullopt;
}

Problem take_line(Draft& draft, std::string_view line) {
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  line = trim_wsp(line);
  if (line.empty()) {
    return std::nullopt;
  }
  const std::size_t colon = line.find(':');
  const std::string_view key = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_key(key)) {
    return fmt::format("'{}' is no line of a policy", quoted_for_log(line, 60));
  }
  return take_field(draft, key, trim_wsp(line.substr(colon + 1)));
}

}  // namespace

std::string_view describe(StsRecordError error) {
  switch (error) {
    case StsRecordError::absent:
      return "no MTA-STS record";
    case StsRecordError::ambiguous:
      return "several MTA-STS records: none counts";
    case StsRecordError::malformed:
      return "the MTA-STS record is malformed";
  }
  return "unknown";
}

std::string_view describe(StsMode mode) {
  switch (mode) {
    case StsMode::none:
      return "none";
    case StsMode::testing:
      return "testing";
    case StsMode::enforce:
      return "enforce";
  }
  return "unknown";
}

Result<std::string, StsRecordError> parse_sts_record(const std::vector<std::string>& records) {
  const auto first = std::ranges::find_if(records, is_sts_record);
  if (first == records.end()) {
    return failure(StsRecordError::absent);
  }
  if (std::any_of(first + 1, records.end(), is_sts_record)) {
    return failure(StsRecordError::ambiguous);
  }
  return read_id(*first);
}

bool StsPolicy::permits(std::string_view host) const {
  return std::ranges::any_of(mx, [host](const std::string& pattern) {
    if (!pattern.starts_with("*.")) {
      return pattern == host;
    }
    const std::size_t dot = host.find('.');
    return dot != 0 && dot != std::string_view::npos &&
           host.substr(dot) == std::string_view(pattern).substr(1);
  });
}

Result<StsPolicy, std::string> parse_sts_policy(std::string_view text) {
  if (text.size() > sts_limits::policy_octets) {
    return failure(fmt::format("longer than {} octets", sts_limits::policy_octets));
  }
  Draft draft;
  for (const std::string_view line : split(text, '\n')) {
    if (auto problem = take_line(draft, line)) {
      return failure(*std::move(problem));
    }
  }
  if (!draft.has_version || !draft.mode || !draft.max_age) {
    return failure(fmt::format("it has no {}", !draft.has_version ? "version"
                                               : !draft.mode      ? "mode"
                                                                  : "max_age"));
  }
  if (draft.mx.empty() && *draft.mode != StsMode::none) {
    return failure(std::string("it names no mx"));
  }
  return StsPolicy{*draft.mode, *draft.max_age, std::move(draft.mx)};
}

std::string encode_sts_policy(const StsPolicy& policy) {
  std::string out = fmt::format("version: {}\nmode: {}\n", version, describe(policy.mode));
  for (const std::string& pattern : policy.mx) {
    out += fmt::format("mx: {}\n", pattern);
  }
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(policy.max_age);
  return out + fmt::format("max_age: {}\n", age.count());
}

}  // namespace postrider::policy
