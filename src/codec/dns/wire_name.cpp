#include "ldns_records.hpp"

#include <algorithm>
#include <array>

#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/codec/dns/wire_name.hpp>

namespace postrider::dns {

namespace {

constexpr std::size_t labels_max = 127;

std::size_t octet_at(std::string_view octets, std::size_t at) {
  return static_cast<unsigned char>(octets[at]);
}

// Where each label begins, the root's not counted.
struct Labels {
  explicit Labels(std::string_view octets) {
    for (std::size_t at = 0; octet_at(octets, at) != 0; at += 1 + octet_at(octets, at)) {
      begins[count++] = static_cast<std::uint8_t>(at);
    }
  }
  std::array<std::uint8_t, labels_max + 1> begins{};
  std::size_t count = 0;
};

std::string_view label_at(const std::string& octets, std::size_t at) {
  return std::string_view(octets).substr(at + 1, octet_at(octets, at));
}

}  // namespace

std::optional<WireName> WireName::from_text(std::string_view text) {
  const RdfHandle name = to_rdf(text);
  if (!name) {
    return std::nullopt;
  }
  return read(
      {reinterpret_cast<const char*>(ldns_rdf_data(name.get())), ldns_rdf_size(name.get())});
}

std::optional<WireName> WireName::read(std::string_view octets) {
  std::size_t at = 0;
  while (at < octets.size() && octet_at(octets, at) != 0) {
    if (octet_at(octets, at) > label_octets_max) {
      return std::nullopt;
    }
    at += 1 + octet_at(octets, at);
  }
  // Counted with the root's octet.
  if (at >= octets.size() || at + 1 > name_octets_max) {
    return std::nullopt;
  }
  // The length octets are below any letter.
  return WireName(to_lower(octets.substr(0, at + 1)));
}

std::string WireName::text() const {
  const RdfHandle name(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, octets_.size(), octets_.data()));
  return name ? to_text(*name) : std::string();
}

std::string WireName::shown() const {
  return is_root() ? "." : text();
}

std::size_t WireName::labels() const {
  return Labels(octets_).count;
}

std::string_view WireName::first_label() const {
  return label_at(octets_, 0);
}

WireName WireName::last(std::size_t count) const {
  const Labels labels(octets_);
  if (count == 0) {
    return {};
  }
  return count >= labels.count ? *this
                               : WireName(octets_.substr(labels.begins[labels.count - count]));
}

WireName WireName::parent() const {
  return is_root() ? *this : WireName(octets_.substr(1 + octet_at(octets_, 0)));
}

std::optional<WireName> WireName::wildcard() const {
  if (octets_.size() + 2 > name_octets_max) {
    return std::nullopt;
  }
  return WireName("\1*" + octets_);
}

std::optional<WireName> WireName::with_prefix_of(const WireName& prefix,
                                                 const WireName& under) const {
  if (!prefix.is_at_or_below(under)) {
    return std::nullopt;
  }
  const std::size_t kept = prefix.octets_.size() - under.octets_.size();
  if (kept + octets_.size() > name_octets_max) {
    return std::nullopt;
  }
  return WireName(prefix.octets_.substr(0, kept) + octets_);
}

bool WireName::is_at_or_below(const WireName& ancestor) const {
  if (!octets_.ends_with(ancestor.octets_)) {
    return false;
  }
  // The same octets may stand inside of a label.
  const std::size_t begin = octets_.size() - ancestor.octets_.size();
  std::size_t at = 0;
  while (at < begin) {
    at += 1 + octet_at(octets_, at);
  }
  return at == begin;
}

std::strong_ordering operator<=>(const WireName& a, const WireName& b) {
  const Labels of_a(a.octets_);
  const Labels of_b(b.octets_);
  const std::size_t shared = std::min(of_a.count, of_b.count);
  for (std::size_t i = 1; i <= shared; ++i) {
    const int order = label_at(a.octets_, of_a.begins[of_a.count - i])
                          .compare(label_at(b.octets_, of_b.begins[of_b.count - i]));
    if (order != 0) {
      return order < 0 ? std::strong_ordering::less : std::strong_ordering::greater;
    }
  }
  return of_a.count <=> of_b.count;
}

WireName common_ancestor(const WireName& a, const WireName& b) {
  WireName name = a;
  while (!b.is_at_or_below(name)) {
    name = name.parent();
  }
  return name;
}

}  // namespace postrider::dns
