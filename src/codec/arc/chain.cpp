#include <algorithm>
#include <array>
#include <fmt/format.h>

#include <postrider/base/base64.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/arc/chain.hpp>
#include <postrider/codec/dkim/limits.hpp>
#include <postrider/codec/dkim/tag_list.hpp>

namespace postrider::arc {

namespace {

constexpr std::string_view white_space = " \t\r\n";
constexpr std::string_view results_name = "ARC-Authentication-Results";
constexpr std::string_view signature_name = "ARC-Message-Signature";
constexpr std::string_view seal_name = "ARC-Seal";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(white_space);
  return begin == std::string_view::npos
             ? std::string_view()
             : text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
}

// 1 to max_sets.
std::optional<unsigned> parse_instance(std::string_view text) {
  const auto number = parse_decimal(text);
  if (!number || *number == 0 || *number > max_sets || text.front() == '0') {
    return std::nullopt;
  }
  return static_cast<unsigned>(*number);
}

struct Results {
  unsigned instance = 0;
  std::string_view payload;
};

// "i=1; example.org; spf=pass ..." (RFC 8617 4.1.1).
std::optional<Results> parse_results(std::string_view value) {
  const std::size_t end = value.find(';');
  const std::size_t equals = value.find('=');
  if (end == std::string_view::npos || equals > end || trim(value.substr(0, equals)) != "i") {
    return std::nullopt;
  }
  const auto instance = parse_instance(trim(value.substr(equals + 1, end - equals - 1)));
  if (!instance) {
    return std::nullopt;
  }
  return Results{*instance, trim(value.substr(end + 1))};
}

std::optional<Status> parse_chain_status(std::string_view text) {
  for (const Status status : {Status::none, Status::pass, Status::fail}) {
    if (equals_ignoring_case(name_of(status), text)) {
      return status;
    }
  }
  return std::nullopt;
}

std::optional<KeyAlgorithm> parse_algorithm(std::string_view text) {
  if (text == "rsa-sha256") {
    return KeyAlgorithm::rsa;
  }
  return text == "ed25519-sha256" ? std::optional(KeyAlgorithm::ed25519) : std::nullopt;
}

std::optional<Seal> parse_seal(const dkim::TagList& tags) {
  constexpr std::array<std::string_view, 5> required = {"a", "b", "cv", "d", "s"};
  // RFC 8617 4.1.3: what is sealed is not a matter of choice.
  if (std::ranges::any_of(required, [&](std::string_view name) { return !tags.find(name); }) ||
      tags.find("h") || tags.find("bh")) {
    return std::nullopt;
  }
  const auto algorithm = parse_algorithm(*tags.find("a"));
  const auto chain = parse_chain_status(*tags.find("cv"));
  auto signature = decode_base64_folded(*tags.find("b"));
  if (!algorithm || !chain || !signature || signature->empty() ||
      signature->size() > dkim::max_signature_octets) {
    return std::nullopt;
  }
  Seal seal{.algorithm = *algorithm,
            .domain = std::string(*tags.find("d")),
            .selector = std::string(*tags.find("s")),
            .chain = *chain,
            .signature = std::move(*signature)};
  if (const auto timestamp = tags.find("t")) {
    seal.timestamp = parse_decimal(*timestamp);
    if (!seal.timestamp) {
      return std::nullopt;
    }
  }
  return dkim::is_domain_text(seal.domain) && dkim::is_domain_text(seal.selector)
             ? std::optional(std::move(seal))
             : std::nullopt;
}

// The sets while they are gathered: which fields of which instance were there.
class Gathering {
 public:
  void take(const mime::HeaderField& field) {
    if (equals_ignoring_case(field.name, results_name)) {
      take_results(field);
    } else if (equals_ignoring_case(field.name, signature_name)) {
      take_signature(field);
    } else if (equals_ignoring_case(field.name, seal_name)) {
      take_seal(field);
    }
  }

  Chain finish() {
    chain_.highest_instance = highest_;
    for (unsigned i = 0; i < highest_ && chain_.defect.empty(); ++i) {
      if (seen_[i] != everything) {
        chain_.defect = fmt::format("set {} is not complete", i + 1);
      } else if (sets_[i].seal.chain != Status::fail &&
                 (sets_[i].seal.chain == Status::none) != (i == 0)) {
        chain_.defect = fmt::format("cv= of seal {} can't be true", i + 1);
      }
    }
    if (chain_.defect.empty()) {
      chain_.sets.assign(sets_.begin(), sets_.begin() + highest_);
    }
    return std::move(chain_);
  }

 private:
  static constexpr unsigned results_seen = 1, signature_seen = 2, seal_seen = 4, everything = 7;

  void defect(std::string text) {
    if (chain_.defect.empty()) {
      chain_.defect = std::move(text);
    }
  }

  // The set to fill, unless it has that field already.
  Set* set_of(unsigned instance, unsigned what, std::string_view name) {
    highest_ = std::max(highest_, instance);
    if ((seen_[instance - 1] & what) != 0) {
      defect(fmt::format("set {} has {} twice", instance, name));
      return nullptr;
    }
    seen_[instance - 1] |= what;
    return &sets_[instance - 1];
  }

  void take_results(const mime::HeaderField& field) {
    const auto results = parse_results(field.value);
    if (!results) {
      return defect("an ARC-Authentication-Results breaks the syntax");
    }
    if (Set* const set = set_of(results->instance, results_seen, results_name)) {
      set->results_field = field;
      set->results = results->payload;
    }
  }

  void take_signature(const mime::HeaderField& field) {
    const auto tags = dkim::parse_tag_list(field.value);
    const auto instance = parse_instance(tags ? tags->find("i").value_or("") : "");
    auto signature = dkim::parse_signature(field.value, dkim::SignatureKind::arc);
    if (!instance || !signature) {
      return defect(fmt::format("an ARC-Message-Signature: {}",
                                signature ? "no instance" : dkim::describe(signature.error())));
    }
    if (std::ranges::any_of(signature->signed_headers, [](const std::string& name) {
          return equals_ignoring_case(name, seal_name);
        })) {
      return defect("an ARC-Message-Signature signs a seal");
    }
    if (Set* const set = set_of(*instance, signature_seen, signature_name)) {
      set->signature_field = field;
      set->signature = std::move(*signature);
    }
  }

  void take_seal(const mime::HeaderField& field) {
    const auto tags = dkim::parse_tag_list(field.value);
    const auto instance = parse_instance(tags ? tags->find("i").value_or("") : "");
    auto seal = tags ? parse_seal(*tags) : std::nullopt;
    if (!instance || !seal) {
      return defect("an ARC-Seal breaks the syntax");
    }
    if (Set* const set = set_of(*instance, seal_seen, seal_name)) {
      chain_.ended |= seal->chain == Status::fail;
      set->seal_field = field;
      set->seal = std::move(*seal);
    }
  }

  Chain chain_;
  std::array<Set, max_sets> sets_;
  std::array<unsigned, max_sets> seen_{};
  unsigned highest_ = 0;
};

}  // namespace

std::string_view name_of(Status status) {
  switch (status) {
    case Status::none:
      return "none";
    case Status::pass:
      return "pass";
    case Status::fail:
      return "fail";
    case Status::temperror:
      return "temperror";
  }
  return "none";
}

Chain read_chain(const mime::HeaderSection& section) {
  Gathering gathering;
  for (const mime::HeaderField& field : section.fields()) {
    gathering.take(field);
  }
  return gathering.finish();
}

}  // namespace postrider::arc
