#include "tls_dane_path.hpp"
#include "tls_library.hpp"
#include "tls_strength.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <span>
#include <wolfssl/wolfcrypt/hash.h>

#include <postrider/base/der.hpp>
#include <postrider/net/tls_dane.hpp>

namespace postrider::net {
namespace {

// RFC 7218 2.
enum Usage : std::uint8_t { dane_ta = 2, dane_ee = 3 };
enum Selector : std::uint8_t { full_certificate = 0, public_key = 1 };
enum Matching : std::uint8_t { exact = 0, by_sha256 = 1, by_sha512 = 2 };

constexpr std::size_t sha256_octets = 32;
constexpr std::size_t sha512_octets = 64;
constexpr std::size_t shown_octets = 8;   // of a record's data, in texts
constexpr std::size_t shown_records = 3;  // in one text

bool is_public_key(std::string_view spki) {
  DerReader outer(spki);
  const auto fields = outer.next(der_tag::sequence);
  DerReader reader(fields ? fields->content : std::string_view());
  return fields && outer.at_end() && reader.next(der_tag::sequence) &&
         reader.next(der_tag::bit_string) && reader.at_end();
}

// Why a record can't be used at all; empty: it can.
std::string_view unusable_because(const dns::Tlsa& record) {
  if (record.usage < dane_ta) {
    return "its PKIX usage is not for mail";  // RFC 7672 3.1.3
  }
  if (record.usage > dane_ee) {
    return "its usage is unknown";
  }
  if (record.selector > public_key) {
    return "its selector is unknown";
  }
  switch (record.matching_type) {
    case exact:
      return (record.selector == full_certificate ? parse_certificate(record.data).has_value()
                                                  : is_public_key(record.data))
                 ? ""
                 : "its data are damaged";
    case by_sha256:
      return record.data.size() == sha256_octets ? "" : "its data are no SHA-256";
    case by_sha512:
      return record.data.size() == sha512_octets ? "" : "its data are no SHA-512";
    default:
      return "its matching type is unknown";
  }
}

std::string digest(wc_HashType kind, std::string_view octets) {
  std::string out(static_cast<std::size_t>(wc_HashGetDigestSize(kind)), '\0');
  const int outcome = wc_Hash(kind, library_octets(octets), static_cast<word32>(octets.size()),
                              reinterpret_cast<byte*>(out.data()), static_cast<word32>(out.size()));
  return outcome == 0 ? out : std::string();  // no record's data are empty
}

// A certificate as records see it: each form is made once.
class Presented {
 public:
  explicit Presented(const CertificateView& certificate) : certificate_(&certificate) {}

  [[nodiscard]] const CertificateView& certificate() const { return *certificate_; }
  [[nodiscard]] bool matches(const dns::Tlsa& record) {
    const auto octets =
        record.selector == full_certificate ? certificate_->der : certificate_->spki;
    if (record.matching_type == exact) {
      return record.data == octets;
    }
    auto& known = digests_[record.selector][record.matching_type - by_sha256];
    if (known.empty()) {
      known = digest(record.matching_type == by_sha256 ? WC_HASH_TYPE_SHA256 : WC_HASH_TYPE_SHA512,
                     octets);
    }
    return record.data == known;
  }

 private:
  const CertificateView* certificate_;
  std::array<std::array<std::string, 2>, 2> digests_;
};

using Records = std::vector<const dns::Tlsa*>;

std::string describe_some(const Records& records) {
  std::string text;
  for (const auto* record : std::span(records).first(std::min(records.size(), shown_records))) {
    text.append(text.empty() ? "" : ", ").append(describe_tlsa(*record));
  }
  return records.size() > shown_records
             ? fmt::format("{} and {} more", text, records.size() - shown_records)
             : text;
}

// RFC 7671 9: of the digests for one usage and selector only the strongest; whole data always.
Records strongest(const Records& usable) {
  const auto is_outdone = [&](const dns::Tlsa* weaker) {
    return weaker->matching_type == by_sha256 &&
           std::ranges::any_of(usable, [weaker](const dns::Tlsa* other) {
             return other->usage == weaker->usage && other->selector == weaker->selector &&
                    other->matching_type == by_sha512;
           });
  };
  Records out;
  std::ranges::copy_if(usable, std::back_inserter(out),
                       [&](const dns::Tlsa* record) { return !is_outdone(record); });
  return out;
}

std::vector<CertificateView> parse_chain(const std::vector<std::string>& chain) {
  std::vector<CertificateView> views;
  for (const auto& der : std::span(chain).first(std::min(chain.size(), dane_limits::chain))) {
    if (auto view = parse_certificate(der)) {
      views.push_back(std::move(*view));
    } else if (views.empty()) {
      break;  // without the leaf there is nobody to judge
    }
  }
  return views;
}

DaneResult no_match(std::string text) {
  return {.verdict = DaneVerdict::no_match, .text = std::move(text)};
}

// One judgement.
class Judge {
 public:
  Judge(std::span<const CertificateView> chain, Records records, std::span<const std::string> names,
        WallTime now)
      : chain_(chain), records_(std::move(records)), names_(names), now_(now) {
    for (const auto& certificate : chain_) {
      presented_.emplace_back(certificate);
    }
  }

  [[nodiscard]] DaneResult judge() {
    if (auto result = judge_leaf()) {
      return std::move(*result);
    }
    collect_anchors();
    if (anchors_.empty()) {
      return no_match(nobody_fits());
    }
    DanePath path(chain_, anchors_, names_, now_);
    if (const auto found = path.find()) {
      return {.verdict = DaneVerdict::matched,
              .text = fmt::format(
                  "TLSA {} matched the {} at depth {}", describe_tlsa(*found->anchor->record),
                  found->anchor->certificate == nullptr ? "key" : "certificate", found->depth)};
    }
    return no_match(fmt::format("TLSA {} names an issuer, but {}",
                                describe_tlsa(*anchors_.front().record), path.why()));
  }

 private:
  [[nodiscard]] std::optional<DaneResult> judge_leaf() {
    for (const auto* record : records_) {
      if (record->usage != dane_ee || !presented_.front().matches(*record)) {
        continue;
      }
      if (is_weak_key(chain_.front().spki, rsa_bits_min)) {
        return no_match(fmt::format("TLSA {} matches, but the RSA key is below {} bits",
                                    describe_tlsa(*record), rsa_bits_min));
      }
      return DaneResult{.verdict = DaneVerdict::matched,
                        .text = fmt::format("TLSA {} matched the certificate at depth 0",
                                            describe_tlsa(*record))};
    }
    return std::nullopt;
  }

  // An anchor is an issuer: the leaf is none, even where it signed itself.
  void collect_anchors() {
    for (const auto* record : records_) {
      if (record->usage != dane_ta) {
        continue;
      }
      for (auto& candidate : std::span(presented_.begin() + 1, presented_.end())) {
        const auto& certificate = candidate.certificate();
        if (certificate.der != chain_.front().der && candidate.matches(*record)) {
          anchors_.push_back(
              {.record = record, .certificate = &certificate, .spki = certificate.spki});
        }
      }
      if (record->matching_type == exact) {
        add_from_record(*record);
      }
    }
  }

  void add_from_record(const dns::Tlsa& record) {
    if (record.selector == public_key) {
      anchors_.push_back({.record = &record, .certificate = nullptr, .spki = record.data});
    } else if (record.data != chain_.front().der) {
      const auto& own = own_.emplace_back(*parse_certificate(record.data));
      anchors_.push_back({.record = &record, .certificate = &own, .spki = own.spki});
    }
  }

  [[nodiscard]] std::string nobody_fits() const {
    const bool names_issuers = std::ranges::any_of(
        records_, [](const dns::Tlsa* record) { return record->usage == dane_ta; });
    return fmt::format("TLSA {} {} none of the {} certificate{} that the server showed{}",
                       describe_some(records_), records_.size() == 1 ? "matches" : "match",
                       chain_.size(), chain_.size() == 1 ? "" : "s",
                       names_issuers ? " (the issuer's must be among them: RFC 7671 5.2.2)" : "");
  }

  std::span<const CertificateView> chain_;
  Records records_;
  std::span<const std::string> names_;
  WallTime now_;
  std::vector<Presented> presented_;
  std::deque<CertificateView> own_;  // certificates that records hold; at stable addresses
  std::vector<DaneAnchor> anchors_;
};

}  // namespace

std::string describe_tlsa(const dns::Tlsa& record) {
  std::string text = fmt::format("{} {} {} ", record.usage, record.selector, record.matching_type);
  for (const char octet : std::string_view(record.data).substr(0, shown_octets)) {
    text += fmt::format("{:02x}", static_cast<unsigned char>(octet));
  }
  return record.data.size() > shown_octets ? text + "..." : text;
}

DaneResult verify_dane(const std::vector<std::string>& chain, const std::vector<dns::Tlsa>& records,
                       const std::vector<std::string>& reference_names, WallTime now) {
  start_tls_library();
  Records usable;
  std::string why_not = "there is no TLSA record";
  for (const auto& record :
       std::span(records).first(std::min(records.size(), dane_limits::records))) {
    if (const auto reason = unusable_because(record); !reason.empty()) {
      why_not = fmt::format("TLSA {} can't be used: {}", describe_tlsa(record), reason);
    } else {
      usable.push_back(&record);
    }
  }
  if (usable.empty()) {
    return {.verdict = DaneVerdict::unusable, .text = std::move(why_not)};
  }
  const auto views = parse_chain(chain);
  if (views.empty()) {
    return no_match(chain.empty() ? "the server showed no certificate"
                                  : "the server's certificate is damaged");
  }
  return Judge(views, strongest(usable), reference_names, now).judge();
}

}  // namespace postrider::net
