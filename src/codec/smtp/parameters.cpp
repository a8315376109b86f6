#include <algorithm>
#include <array>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/smtp/limits.hpp>
#include <postrider/codec/smtp/parameters.hpp>
#include <postrider/codec/smtp/path.hpp>
#include <postrider/codec/smtp/xtext.hpp>

namespace postrider::smtp {
namespace {

struct Parameter {
  std::string_view keyword;
  std::optional<std::string_view> value;  // nullopt: no "="
};

std::string printable_keyword(std::string_view keyword) {
  std::string out;
  for (const char c : keyword.substr(0, parameter_keyword_octets_max)) {
    out += c > 0x20 && c < 0x7f ? (c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c) : '?';
  }
  return out;
}

ParameterError error_of(ParameterFailure kind, std::string_view keyword) {
  return {kind, printable_keyword(keyword)};
}

// RFC 5321 4.1.2: esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-").
bool is_keyword(std::string_view text) {
  return !text.empty() && text.front() != '-' && std::ranges::all_of(text, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-';
  });
}

// RFC 5321 4.1.2: esmtp-value is graphic and holds no "="; RFC 6531 3.3 adds UTF-8. ORCPT and AUTH
// of real clients hold "=" now and then: what a value may hold is the parameter's own affair.
bool is_value(std::string_view text) {
  return !text.empty() && is_utf8(text) && std::ranges::all_of(text, [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
  });
}

// The next parameter; false at the end of the text.
Result<bool, ParameterError> take_parameter(std::string_view& text, Parameter& out) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) {
    text = {};
    return false;
  }
  if (begin == 0) {  // nothing between ">" and the keyword
    return failure(error_of(ParameterFailure::syntax, text));
  }
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  const std::size_t equals = word.find('=');
  out.keyword = word.substr(0, equals);
  out.value.reset();
  if (!is_keyword(out.keyword)) {
    return failure(error_of(ParameterFailure::syntax, out.keyword));
  }
  if (equals != std::string_view::npos) {
    out.value = word.substr(equals + 1);
    if (!is_value(*out.value)) {
      return failure(error_of(ParameterFailure::bad_value, out.keyword));
    }
  }
  return true;
}

using Outcome = std::optional<ParameterFailure>;  // nullopt: read

template <class Target>
struct Keyword {
  std::string_view name;
  Outcome (*read)(std::optional<std::string_view> value, const OfferedParameters& offered,
                  Target& target);
};

Outcome read_size(std::optional<std::string_view> value, const OfferedParameters&,
                  MailParameters& out) {
  if (!value || value->size() > size_parameter_digits_max) {
    return ParameterFailure::bad_value;
  }
  if (!std::ranges::all_of(*value, is_ascii_digit)) {
    return ParameterFailure::bad_value;
  }
  // Twenty digits may be past 64 bits: too large in any case, which is not a matter of syntax.
  out.size = parse_decimal(*value).value_or(UINT64_MAX);
  return std::nullopt;
}

Outcome read_body(std::optional<std::string_view> value, const OfferedParameters&,
                  MailParameters& out) {
  if (value && equals_ignoring_case(*value, "7BIT")) {
    out.body = Body::seven_bit;
  } else if (value && equals_ignoring_case(*value, "8BITMIME")) {
    out.body = Body::eight_bit_mime;
  } else if (value && equals_ignoring_case(*value, "BINARYMIME")) {
    return ParameterFailure::not_offered;
  } else {
    return ParameterFailure::bad_value;
  }
  return std::nullopt;
}

Outcome read_smtputf8(std::optional<std::string_view> value, const OfferedParameters& offered,
                      MailParameters& out) {
  if (!offered.smtputf8) {
    return ParameterFailure::not_offered;
  }
  out.smtputf8 = true;
  return value ? Outcome(ParameterFailure::bad_value) : std::nullopt;
}

Outcome read_ret(std::optional<std::string_view> value, const OfferedParameters& offered,
                 MailParameters& out) {
  if (!offered.dsn) {
    return ParameterFailure::not_offered;
  }
  if (value && equals_ignoring_case(*value, "FULL")) {
    out.ret = Ret::full;
  } else if (value && equals_ignoring_case(*value, "HDRS")) {
    out.ret = Ret::headers;
  } else {
    return ParameterFailure::bad_value;
  }
  return std::nullopt;
}

Outcome read_envid(std::optional<std::string_view> value, const OfferedParameters& offered,
                   MailParameters& out) {
  if (!offered.dsn) {
    return ParameterFailure::not_offered;
  }
  if (!value || value->size() > envid_octets_max) {
    return ParameterFailure::bad_value;
  }
  const auto decoded = decode_xtext(*value);
  // RFC 3461 4.4: printable ASCII; it goes into a header field of a report.
  if (!decoded || !std::ranges::all_of(*decoded, [](char c) { return c >= 0x20 && c < 0x7f; })) {
    return ParameterFailure::bad_value;
  }
  out.envid = *decoded;
  return std::nullopt;
}

Outcome read_auth(std::optional<std::string_view> value, const OfferedParameters& offered,
                  MailParameters& out) {
  if (!offered.auth) {
    return ParameterFailure::not_offered;
  }
  if (!value || value->size() > auth_parameter_octets_max) {
    return ParameterFailure::bad_value;
  }
  if (*value == "<>") {  // RFC 4954 5: it was not authenticated
    out.auth = "";
    return std::nullopt;
  }
  const auto decoded = decode_xtext(*value);
  if (!decoded || !parse_address(*decoded)) {
    return ParameterFailure::bad_value;
  }
  out.auth = *decoded;
  return std::nullopt;
}

Outcome read_require_tls(std::optional<std::string_view> value, const OfferedParameters& offered,
                         MailParameters& out) {
  if (!offered.require_tls) {
    return ParameterFailure::not_offered;
  }
  out.require_tls = true;
  return value ? Outcome(ParameterFailure::bad_value) : std::nullopt;
}

Outcome read_notify(std::optional<std::string_view> value, const OfferedParameters& offered,
                    RcptParameters& out) {
  if (!offered.dsn) {
    return ParameterFailure::not_offered;
  }
  for (const std::string_view word : split(value.value_or(""), ',')) {
    if (equals_ignoring_case(word, "NEVER")) {
      out.notify.never = true;
    } else if (equals_ignoring_case(word, "SUCCESS")) {
      out.notify.success = true;
    } else if (equals_ignoring_case(word, "FAILURE")) {
      out.notify.failure = true;
    } else if (equals_ignoring_case(word, "DELAY")) {
      out.notify.delay = true;
    } else {
      return ParameterFailure::bad_value;
    }
  }
  // RFC 3461 4.1: NEVER stands alone.
  const bool others = out.notify.success || out.notify.failure || out.notify.delay;
  return out.notify.never && others ? Outcome(ParameterFailure::bad_value) : std::nullopt;
}

Outcome read_orcpt(std::optional<std::string_view> value, const OfferedParameters& offered,
                   RcptParameters& out) {
  if (!offered.dsn) {
    return ParameterFailure::not_offered;
  }
  if (!value || value->size() > orcpt_octets_max) {
    return ParameterFailure::bad_value;
  }
  const auto decoded = decode_orcpt(*value);
  if (!decoded) {
    return ParameterFailure::bad_value;
  }
  out.orcpt = *decoded;
  return std::nullopt;
}

constexpr std::array mail_keywords = {
    Keyword<MailParameters>{"SIZE", read_size},
    Keyword<MailParameters>{"BODY", read_body},
    Keyword<MailParameters>{"SMTPUTF8", read_smtputf8},
    Keyword<MailParameters>{"RET", read_ret},
    Keyword<MailParameters>{"ENVID", read_envid},
    Keyword<MailParameters>{"AUTH", read_auth},
    Keyword<MailParameters>{"REQUIRETLS", read_require_tls},
};
constexpr std::array rcpt_keywords = {
    Keyword<RcptParameters>{"NOTIFY", read_notify},
    Keyword<RcptParameters>{"ORCPT", read_orcpt},
};

template <class Target, std::size_t N>
Result<Target, ParameterError> parse_all(std::string_view text, const OfferedParameters& offered,
                                         const std::array<Keyword<Target>, N>& known) {
  Target out;
  std::array<bool, N> seen{};
  Parameter parameter;
  while (true) {
    const auto more = take_parameter(text, parameter);
    if (!more) {
      return failure(more.error());
    }
    if (!*more) {
      return out;
    }
    const auto row = std::ranges::find_if(known, [&](const Keyword<Target>& keyword) {
      return equals_ignoring_case(keyword.name, parameter.keyword);
    });
    if (row == known.end()) {
      return failure(error_of(ParameterFailure::unknown, parameter.keyword));
    }
    if (std::exchange(seen[static_cast<std::size_t>(row - known.begin())], true)) {
      return failure(error_of(ParameterFailure::repeated, parameter.keyword));
    }
    if (const Outcome problem = row->read(parameter.value, offered, out)) {
      return failure(error_of(*problem, parameter.keyword));
    }
  }
}

}  // namespace

Result<MailParameters, ParameterError> parse_mail_parameters(std::string_view text,
                                                             const OfferedParameters& offered) {
  return parse_all(text, offered, mail_keywords);
}

Result<RcptParameters, ParameterError> parse_rcpt_parameters(std::string_view text,
                                                             const OfferedParameters& offered) {
  return parse_all(text, offered, rcpt_keywords);
}

std::string encode_mail_parameters(const MailParameters& parameters) {
  std::string out;
  if (parameters.size) {
    out += " SIZE=" + std::to_string(*parameters.size);
  }
  if (parameters.body != Body::absent) {
    out += parameters.body == Body::seven_bit ? " BODY=7BIT" : " BODY=8BITMIME";
  }
  if (parameters.smtputf8) {
    out += " SMTPUTF8";
  }
  if (parameters.ret != Ret::absent) {
    out += parameters.ret == Ret::full ? " RET=FULL" : " RET=HDRS";
  }
  if (!parameters.envid.empty()) {
    out += " ENVID=" + encode_xtext(parameters.envid);
  }
  if (parameters.auth) {
    out += parameters.auth->empty() ? " AUTH=<>" : " AUTH=" + encode_xtext(*parameters.auth);
  }
  if (parameters.require_tls) {
    out += " REQUIRETLS";
  }
  return out;
}

std::string encode_rcpt_parameters(const RcptParameters& parameters, bool smtputf8) {
  std::string out;
  if (parameters.notify.is_given()) {
    std::string words;
    const auto add = [&words](bool wanted, std::string_view word) {
      if (wanted) {
        words += words.empty() ? "" : ",";
        words += word;
      }
    };
    add(parameters.notify.never, "NEVER");
    add(parameters.notify.success, "SUCCESS");
    add(parameters.notify.failure, "FAILURE");
    add(parameters.notify.delay, "DELAY");
    out += " NOTIFY=" + words;
  }
  if (!parameters.orcpt.empty()) {
    out += " ORCPT=" + encode_orcpt(parameters.orcpt, smtputf8);
  }
  return out;
}

}  // namespace postrider::smtp
