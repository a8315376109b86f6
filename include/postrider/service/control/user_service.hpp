#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/codec/http/message.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/flow/login.hpp>
#include <postrider/flow/reception.hpp>
#include <postrider/net/tls_context.hpp>
#include <postrider/policy/authenticator.hpp>
#include <postrider/service/control/live_queue.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::control {

struct UserListenerSettings {
  SocketAddress address;
  std::vector<IpNetwork> proxy_from;                    // who begins with a PROXY header, and must
  flow::ListenerTls tls = flow::ListenerTls::implicit;  // or none
  bool auth_without_tls = false;                        // on loopback, behind a proxy that does TLS
  std::optional<net::TlsContext> context;               // unless tls is none
};

struct UserSettings {
  flow::ReceptionLimits limits{.sessions = 1000, .sessions_per_peer = 20};
  // What these filters have found their users see, and can't release: viruses.
  std::vector<std::string> withheld_by;
  Duration handshake_timeout{std::chrono::seconds(30)};
  Duration request_timeout{std::chrono::seconds(30)};
  // The quarantine is walked no more often, whoever asks.
  Duration walk_every{std::chrono::seconds(10)};
};

// All outlives the service.
struct UserDoors {
  engine::Reactor& reactor;
  store::QueueStore& queue;
  LiveQueue* live = nullptr;  // nullptr: nobody is served on this core
  policy::Authenticator& authenticator;
  flow::EventSink* events = nullptr;  // nullptr: failed logins go unsaid
};

// What users may ask of the server themselves, over HTTP/1.1 with their name and password (RFC
// 7617; an app password with the scope "http", too): what was held back for them, to see, release
// or delete (docs/control_api.md). Each decides for himself, whoever else got the message. Limits:
// reception's; a request of 16 KiB, one at a time; the list of what is held is made by one walk of
// the queue for all, index_max entries. Wrong passwords are slowed down and refused as on every
// door. Shard: the core of the doors. Stops by its gate.
class UserService {
 public:
  static constexpr std::size_t index_max = 100'000;
  UserService(UserDoors doors, UserSettings settings);
  UserService(const UserService&) = delete;
  UserService& operator=(const UserService&) = delete;
  // After stop() has ended.
  ~UserService();

  [[nodiscard]] engine::IoResult<SocketAddress> listen(UserListenerSettings listener);
  // A reload: new connections to the listener (by the order of listen()), which has TLS, use it.
  void set_tls(std::size_t listener, const net::TlsContext& context);
  [[nodiscard]] engine::Task<void> stop(MonoTime patience);

  // One request of somebody, who is not known yet; errors are responses too.
  [[nodiscard]] engine::Task<http::Response> handle(http::Request request, flow::LoginPeer peer);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::control
