#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <postrider/codec/dns/message.hpp>
#include <postrider/engine/reactor.hpp>

namespace postrider::net {

// What a scripted server does with a query.
struct DnsReaction {
  dns::Response response;  // id and question are filled in
  bool drop = false;
  bool close = false;      // over TCP: end of stream instead of an answer
  bool truncate = false;   // over UDP
  unsigned wrong_ids = 0;  // as many forged answers go out before, over UDP
  Duration delay{};
  std::string raw;  // sent instead, behind the query's id
};

// A DNS server whose answers a function makes: hostile, lame, slow or dead ones too. Outlives the
// simulation's last turn.
class ScriptedDns {
 public:
  using Script = std::function<DnsReaction(const dns::Query&, bool tcp)>;

  ScriptedDns(engine::Reactor& reactor, SocketAddress address, Script script)
      : reactor_(reactor), script_(std::move(script)) {
    auto socket = reactor.open_datagram({.bind = address, .peer = std::nullopt});
    auto listener = reactor.listen({.address = address});
    check(socket.has_value() && listener.has_value(), "a scripted DNS server can't listen");
    reactor.spawn(serve_udp(this, std::move(*socket)));
    reactor.spawn(serve_tcp(this, std::move(*listener)));
  }
  ScriptedDns(const ScriptedDns&) = delete;
  ScriptedDns& operator=(const ScriptedDns&) = delete;
  ~ScriptedDns() = default;

  std::vector<dns::Query> udp_queries;
  std::vector<dns::Query> tcp_queries;
  std::vector<SocketAddress> askers;
  [[nodiscard]] std::size_t queries() const { return udp_queries.size() + tcp_queries.size(); }
  [[nodiscard]] std::size_t queries_for(std::string_view name) const {
    std::size_t count = 0;
    for (const auto* list : {&udp_queries, &tcp_queries}) {
      for (const dns::Query& query : *list) {
        count += query.question.name == name ? 1 : 0;
      }
    }
    return count;
  }

 private:
  using Socket = std::shared_ptr<engine::DatagramSocket>;  // shared with answers that are delayed

  [[nodiscard]] static std::string octets_of(const dns::Query& query, DnsReaction& reaction,
                                             std::size_t limit) {
    if (!reaction.raw.empty()) {
      std::string out{static_cast<char>(query.id >> 8), static_cast<char>(query.id)};
      return out + reaction.raw;
    }
    reaction.response.id = query.id;
    reaction.response.question = query.question;
    return dns::encode_response(reaction.response, limit).value();
  }

  static engine::Task<void> answer(ScriptedDns* self, Socket socket, SocketAddress to,
                                   dns::Query query, DnsReaction reaction) {
    if (reaction.delay > Duration{}) {
      (void)co_await self->reactor_.sleep_for(reaction.delay);
    }
    const std::size_t limit = reaction.truncate ? dns::header_octets
                              : query.edns      ? query.edns->payload_octets
                                                : dns::udp_octets_min;
    std::string octets = octets_of(query, reaction, limit);
    std::string forged = octets;
    for (unsigned i = 0; i < reaction.wrong_ids; ++i) {
      forged[1] = static_cast<char>(octets[1] + 1 + i % 200);
      (void)co_await socket->send(to, forged, {});
    }
    (void)co_await socket->send(to, octets, {});
  }

  static engine::Task<void> serve_udp(ScriptedDns* self,
                                      std::unique_ptr<engine::DatagramSocket> owned) {
    const Socket socket(std::move(owned));
    while (true) {
      const auto datagram = co_await socket->receive({});
      if (!datagram) {
        co_return;
      }
      const auto query = dns::parse_query(datagram->octets);
      if (!query) {
        continue;
      }
      self->udp_queries.push_back(*query);
      self->askers.push_back(datagram->peer);
      DnsReaction reaction = self->script_(*query, false);
      if (!reaction.drop) {
        self->reactor_.spawn(answer(self, socket, datagram->peer, *query, std::move(reaction)));
      }
    }
  }

  static engine::Task<void> converse(ScriptedDns* self, std::unique_ptr<engine::Stream> stream) {
    std::string in;
    while (in.size() < 2 || in.size() < 2U + static_cast<unsigned char>(in[1])) {
      const auto octets = co_await stream->receive({});
      if (!octets) {
        co_return;
      }
      in += *octets;
    }
    const auto query = dns::parse_query(std::string_view(in).substr(2));
    if (!query) {
      co_return;
    }
    self->tcp_queries.push_back(*query);
    DnsReaction reaction = self->script_(*query, true);
    if (reaction.drop) {
      (void)co_await stream->receive({});  // until the resolver gives up
      co_return;
    }
    if (reaction.close) {
      co_return;
    }
    const std::string octets = octets_of(*query, reaction, dns::message_octets_max);
    std::string framed{static_cast<char>(octets.size() >> 8), static_cast<char>(octets.size())};
    framed += octets;
    (void)co_await stream->send(framed, {});
    (void)co_await stream->receive({});
  }

  static engine::Task<void> serve_tcp(ScriptedDns* self,
                                      std::unique_ptr<engine::Listener> listener) {
    while (true) {
      auto stream = co_await listener->accept({});
      if (!stream) {
        co_return;
      }
      self->reactor_.spawn(converse(self, std::move(*stream)));
    }
  }

  engine::Reactor& reactor_;
  Script script_;
};

// Records and reactions in one line.

inline dns::Record record_of(std::string owner, dns::RecordType type, std::uint32_t ttl_s,
                             decltype(dns::Record::data) data) {
  return {.owner = std::move(owner), .type = type, .ttl = ttl_s, .data = std::move(data)};
}
inline dns::Record a_record(std::string owner, std::string_view ip, std::uint32_t ttl_s = 300) {
  return record_of(std::move(owner), dns::RecordType::a, ttl_s, IpAddress::parse(ip).value());
}
inline dns::Record aaaa_record(std::string owner, std::string_view ip) {
  return record_of(std::move(owner), dns::RecordType::aaaa, 300, IpAddress::parse(ip).value());
}
inline dns::Record mx_record(std::string owner, std::uint16_t preference, std::string host) {
  return record_of(std::move(owner), dns::RecordType::mx, 300,
                   dns::Mx{.preference = preference, .host = std::move(host)});
}
inline dns::Record cname_record(std::string owner, std::string target, std::uint32_t ttl_s = 300) {
  return record_of(std::move(owner), dns::RecordType::cname, ttl_s,
                   dns::HostName{.name = std::move(target)});
}
inline dns::Record soa_record(std::string owner, std::uint32_t ttl_s, std::uint32_t minimum_s) {
  return record_of(std::move(owner), dns::RecordType::soa, ttl_s,
                   dns::Soa{.primary = "ns.example", .minimum = minimum_s});
}
inline DnsReaction answers(std::vector<dns::Record> records) {
  DnsReaction reaction;
  reaction.response.recursion_available = true;
  reaction.response.answers = std::move(records);
  return reaction;
}
inline DnsReaction says(dns::ResponseCode code) {
  DnsReaction reaction;
  reaction.response.code = code;
  reaction.response.recursion_available = true;
  return reaction;
}
// NOERROR without records, or NXDOMAIN, with the SOA that makes it last.
inline DnsReaction denies(dns::ResponseCode code, std::uint32_t ttl_s = 300,
                          std::uint32_t minimum_s = 300) {
  DnsReaction reaction = says(code);
  reaction.response.authorities = {soa_record("example", ttl_s, minimum_s)};
  return reaction;
}
inline DnsReaction drops() {
  DnsReaction reaction;
  reaction.drop = true;
  return reaction;
}

}  // namespace postrider::net
