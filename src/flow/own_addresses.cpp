#include <algorithm>
#include <utility>

#include <postrider/base/hmac.hpp>
#include <postrider/base/record_fields.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/smtp/limits.hpp>
#include <postrider/flow/own_addresses.hpp>

namespace postrider::flow {

namespace {

constexpr std::string_view digits = "abcdefghijklmnopqrstuvwxyz234567";  // RFC 4648 6
constexpr std::size_t code_octets = 6;
constexpr char separator = '+';
// The clock may have been set back since.
constexpr Duration clock_slack = std::chrono::days(1);

std::string encode_base32(std::string_view octets) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : octets) {
    bits = bits << 8U | static_cast<std::uint8_t>(c);
    held += 8;
    while (held >= 5) {
      held -= 5;
      out += digits[bits >> held & 31U];
    }
  }
  if (held > 0) {
    out += digits[bits << (5 - held) & 31U];
  }
  return out;
}

// nullopt: another character, or ends that no encoder makes.
std::optional<std::string> decode_base32(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const std::size_t digit = digits.find(ascii_lower(c));
    if (digit == digits.npos) {
      return std::nullopt;
    }
    bits = bits << 5U | static_cast<std::uint32_t>(digit);
    held += 5;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 255U);
    }
  }
  const bool is_clean = held < 5 && (bits & ((1U << held) - 1U)) == 0;
  return is_clean ? std::optional(std::move(out)) : std::nullopt;
}

struct Parts {
  std::string_view local;
  std::string_view domain;
};

Parts parts_of(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == address.npos ? Parts{address, {}}
                            : Parts{address.substr(0, at), address.substr(at + 1)};
}

}  // namespace

void OwnAddresses::set_secret(std::string_view secret) {
  key_ = hmac_sha256(secret, "postrider return addresses").view();
}

std::string OwnAddresses::code_of(std::string_view what, const ReturnRule& rule) const {
  std::string text(what);
  text += '\n' + to_lower(rule.address) + '\n' + to_lower(rule.domain);
  return std::string(hmac_sha256(key_, text).view().substr(0, code_octets));
}

const ReturnRule* OwnAddresses::rule_for(std::string_view reverse_path) const {
  if (rules_.empty() || reverse_path.empty() || key_.empty()) {
    return nullptr;
  }
  const std::string_view domain = parts_of(reverse_path).domain;
  const auto found = std::ranges::find_if(rules_, [domain](const ReturnRule& rule) {
    return equals_ignoring_case(rule.domain, domain);
  });
  return found == rules_.end() ? nullptr : &*found;
}

std::optional<std::string> OwnAddresses::address_for(const ReturnRule& rule,
                                                     const SentTo& to) const {
  if (rule.address.empty()) {
    return std::nullopt;
  }
  std::string token =
      FieldWriter().fixed64(to.message.value()).number(to.delivery).number(to.recipient).take();
  token += code_of(token, rule);
  const auto [local, domain] = parts_of(rule.address);
  std::string out(local);
  out += separator;
  out += encode_base32(token);
  if (out.size() > smtp::local_part_octets_max) {
    return std::nullopt;
  }
  out += '@';
  out += domain;
  return out;
}

std::string OwnAddresses::envelope_id(const ReturnRule& rule, MessageId id) const {
  const std::string text = id.text();
  return text + '.' + encode_base32(code_of(text, rule));
}

Result<OwnAddress, OwnAddressError> OwnAddresses::read(std::string_view address,
                                                       WallTime now) const {
  if (std::ranges::any_of(report_addresses_, [address](const std::string& reports) {
        return !reports.empty() && equals_ignoring_case(address, reports);
      })) {
    return OwnAddress{.kind = OwnAddress::Kind::reports, .about = {}, .rule = {}};
  }
  Result<OwnAddress, OwnAddressError> out = failure(OwnAddressError::not_ours);
  if (key_.empty()) {
    return out;
  }
  const auto [local, domain] = parts_of(address);
  for (const ReturnRule& rule : rules_) {
    const auto ours = parts_of(rule.address);
    if (rule.address.empty() || !equals_ignoring_case(ours.domain, domain) ||
        !starts_with_ignoring_case(local, ours.local) || local.size() <= ours.local.size() ||
        local[ours.local.size()] != separator) {
      continue;
    }
    // Several domains may be sent from one address: the code tells of which rule it is.
    out = read_token(rule, local.substr(ours.local.size() + 1), now);
    if (out || out.error() == OwnAddressError::expired) {
      return out;
    }
  }
  return out;
}

Result<OwnAddress, OwnAddressError> OwnAddresses::read_token(const ReturnRule& rule,
                                                             std::string_view token,
                                                             WallTime now) const {
  const auto octets = decode_base32(token);
  if (!octets || octets->size() <= code_octets) {
    return failure(OwnAddressError::forged);
  }
  const std::string_view said = std::string_view(*octets).substr(0, octets->size() - code_octets);
  if (!constant_time_equal(octets->substr(said.size()), code_of(said, rule))) {
    return failure(OwnAddressError::forged);
  }
  FieldReader in(said);
  OwnAddress out;
  out.about.message = MessageId(in.fixed64());
  out.about.delivery = in.number32();
  out.about.recipient = in.number32();
  out.rule = rule;
  if (!in.is_sound() || !in.is_at_end()) {
    return failure(OwnAddressError::forged);
  }
  const Duration age = now - out.about.message.created();
  if (age > return_lifetime || age < -clock_slack) {
    return failure(OwnAddressError::expired);
  }
  return out;
}

std::optional<MessageId> OwnAddresses::read_envelope_id(std::string_view envelope_id) const {
  const std::size_t dot = envelope_id.find('.');
  if (key_.empty() || dot == envelope_id.npos) {
    return std::nullopt;
  }
  const auto id = MessageId::parse(envelope_id.substr(0, dot));
  const auto code = decode_base32(envelope_id.substr(dot + 1));
  if (!id || !code) {
    return std::nullopt;
  }
  const std::string text = id->text();
  const bool is_ours = std::ranges::any_of(rules_, [&](const ReturnRule& rule) {
    return constant_time_equal(*code, code_of(text, rule));
  });
  return is_ours ? id : std::nullopt;
}

}  // namespace postrider::flow
