#include "dnssec_rdata.hpp"
#include "signature.hpp"

#include <algorithm>
#include <fmt/core.h>

#include <postrider/base/base64.hpp>
#include <postrider/base/digest.hpp>
#include <postrider/codec/dns/anchor_update.hpp>

namespace postrider::dns {

namespace {

using State = AnchorKey::State;

constexpr std::uint8_t digest_sha256 = 2;
constexpr std::uint16_t entry_point_flag = 0x0001;  // SEP (RFC 4034 2.1.1)

std::string ds_of(const WireName& owner, const std::string& key, const DnsKey& facts) {
  std::string ds{static_cast<char>(facts.tag >> 8U), static_cast<char>(facts.tag),
                 static_cast<char>(facts.algorithm), static_cast<char>(digest_sha256)};
  ds += sha256(owner.octets() + key).view();
  return ds;
}

// As IANA writes them.
std::string shown(const std::string& rdata) {
  const auto ds = parse_ds(rdata);
  if (!ds) {
    return {};
  }
  std::string digest = encode_hex(ds->digest);
  std::ranges::transform(digest, digest.begin(),
                         [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
  return fmt::format("{} {} {} {}", ds->key_tag, ds->algorithm, ds->digest_type, digest);
}

std::string line_of(const WireName& owner, const std::string& ds) {
  return fmt::format("{}{} IN DS {}\n", owner.shown(), owner.is_root() ? "" : ".", shown(ds));
}

// A key as its zone publishes it, and as it was before it was revoked, if it is.
struct Published {
  std::string rdata;
  bool is_revoked = false;
  std::string ds;
};

std::vector<Published> published_keys(const WireName& zone,
                                      const std::vector<std::string>& dnskeys) {
  std::vector<Published> out;
  for (std::string rdata : dnskeys) {
    auto key = parse_dnskey(rdata);
    if (!key || (key->flags & DnsKey::zone_flag) == 0 || (key->flags & entry_point_flag) == 0 ||
        key->protocol != 3 || !is_supported_algorithm(key->algorithm)) {
      continue;
    }
    const bool is_revoked = (key->flags & DnsKey::revoked_flag) != 0;
    if (is_revoked) {
      rdata[1] = static_cast<char>(static_cast<unsigned char>(rdata[1]) & ~DnsKey::revoked_flag);
      key = parse_dnskey(rdata);
    }
    std::string ds = ds_of(zone, rdata, *key);
    out.push_back({std::move(rdata), is_revoked, std::move(ds)});
  }
  return out;
}

bool is_key_of(const std::string& ds_rdata, const WireName& zone, const Published& key) {
  const auto ds = parse_ds(ds_rdata);
  return ds && matches_ds(*ds, zone, key.rdata);
}

}  // namespace

std::string_view describe(State state) {
  switch (state) {
    case State::published:
      return "published";
    case State::missing:
      return "missing";
    case State::fresh:
      return "fresh";
    case State::revoked:
      return "revoked";
  }
  return "published";
}

bool AnchorUpdate::has_news() const {
  return std::ranges::any_of(keys, [](const AnchorKey& key) {
    return key.state == State::fresh || key.state == State::revoked;
  });
}

Result<AnchorUpdate, std::string> update_anchors(const TrustAnchors& present, const WireName& zone,
                                                 const std::vector<std::string>& dnskeys) {
  std::vector<Published> fresh = published_keys(zone, dnskeys);
  const std::vector<Published> all = fresh;
  AnchorUpdate update;
  std::string kept;
  const auto judge = [&](const std::string& ds, const auto& is_same) {
    const auto found = std::ranges::find_if(all, is_same);
    std::erase_if(fresh, is_same);
    const State state = found == all.end()  ? State::missing
                        : found->is_revoked ? State::revoked
                                            : State::published;
    update.keys.push_back({state, shown(ds)});
    if (state != State::revoked) {
      kept += line_of(zone, ds);
    }
  };
  for (const auto& [owner, anchor] : present.all()) {
    if (owner != zone) {
      for (const std::string& ds : anchor.ds) {
        update.text += line_of(owner, ds);
      }
      for (const std::string& rdata : anchor.keys) {
        if (const auto key = parse_dnskey(rdata)) {
          update.text += line_of(owner, ds_of(owner, rdata, *key));
        }
      }
      continue;
    }
    for (const std::string& ds : anchor.ds) {
      judge(ds, [&](const Published& key) { return is_key_of(ds, zone, key); });
    }
    for (const std::string& rdata : anchor.keys) {
      if (const auto key = parse_dnskey(rdata)) {
        judge(ds_of(zone, rdata, *key),
              [&](const Published& other) { return other.rdata == rdata; });
      }
    }
  }
  for (const Published& key : fresh) {
    if (!key.is_revoked) {
      update.keys.push_back({State::fresh, shown(key.ds)});
      kept += line_of(zone, key.ds);
    }
  }
  if (kept.empty()) {
    return failure(fmt::format("{} has no key left that could be trusted", zone.shown()));
  }
  update.text = kept + update.text;
  return update;
}

}  // namespace postrider::dns
