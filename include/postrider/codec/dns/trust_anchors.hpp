#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/codec/dns/wire_name.hpp>

namespace postrider::dns {

// Where validation begins: for each zone that is trusted by itself, the keys it may sign with.
class TrustAnchors {
 public:
  // IANA's of the root: KSK-2017 and KSK-2024 (data.iana.org/root-anchors).
  [[nodiscard]] static TrustAnchors iana();
  // Master-file lines with DS or DNSKEY records of any zones, as `unbound-anchor`, `ldns-keygen`
  // and dns-root-data write them; comments begin with ";" or "#". Errors: "line 3: ...", and a file
  // without a record that can be used.
  [[nodiscard]] static Result<TrustAnchors, std::string> parse(std::string_view text);

  struct Anchor {
    std::vector<std::string> ds;  // RDATA
    std::vector<std::string> keys;
  };
  // The anchor nearest above (or at) the name; nullptr: none. Valid as long as the object.
  [[nodiscard]] const std::pair<const WireName, Anchor>* closest(const WireName& name) const;
  // The anchor nearest to the root; nullptr: there is none.
  [[nodiscard]] const WireName* highest() const {
    return anchors_.empty() ? nullptr : &anchors_.begin()->first;  // in canonical order
  }
  [[nodiscard]] const std::map<WireName, Anchor>& all() const { return anchors_; }
  [[nodiscard]] bool empty() const { return anchors_.empty(); }
  // Differs when the anchors differ: what was validated with others is worth nothing.
  [[nodiscard]] std::string fingerprint() const;

 private:
  std::map<WireName, Anchor> anchors_;
};

}  // namespace postrider::dns
