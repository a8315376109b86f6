#pragma once

#include <string>

#include <postrider/net/resolver.hpp>

namespace postrider::app {

// What an operator is told when the path of DNSSEC changes: what it means for mail, why, and what
// to do. `is_required`: dns.require_dnssec.
struct DnssecNotice {
  bool is_warning = false;  // otherwise good news
  std::string text;
};
[[nodiscard]] DnssecNotice dnssec_notice(const net::DnssecStatus& status, bool is_required);

}  // namespace postrider::app
