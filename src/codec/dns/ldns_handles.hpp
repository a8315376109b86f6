#pragma once

// clang-format off
// First, or ldns takes C++ for a C that has no bool, and makes one of macros.
#include <stdbool.h>
#include <ldns/ldns.h>
// clang-format on

#include <cstdlib>
#include <memory>

// Owners of what ldns allocates. Included by this room's .cpp files alone.
namespace postrider::dns {

struct FreeRdf {
  void operator()(ldns_rdf* rdf) const { ldns_rdf_deep_free(rdf); }
};
struct FreeRr {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
};
struct FreePacket {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
struct FreeOctets {
  void operator()(std::uint8_t* octets) const { std::free(octets); }
};

using RdfHandle = std::unique_ptr<ldns_rdf, FreeRdf>;
using RrHandle = std::unique_ptr<ldns_rr, FreeRr>;
using PacketHandle = std::unique_ptr<ldns_pkt, FreePacket>;
using OctetsHandle = std::unique_ptr<std::uint8_t, FreeOctets>;

}  // namespace postrider::dns
