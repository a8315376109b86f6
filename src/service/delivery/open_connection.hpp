#pragma once

#include "client_connection.hpp"
#include "host_tls.hpp"
#include "host_walk.hpp"

#include <memory>
#include <optional>
#include <string>

#include <postrider/base/result.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/net/tls_context.hpp>
#include <postrider/net/tls_resumption_cache.hpp>
#include <postrider/service/delivery/settings.hpp>

namespace postrider::delivery {

// Why a host could not be used.
struct OpenFailure {
  smtp::Reply reply;  // code 0: our own finding
  bool own = true;
  std::string remote;
  bool is_busy = false;             // 421 or another 4yz: it may be our doing
  bool is_permanent = false;        // the host says that it takes no mail from us (RFC 7504; HELO)
  bool is_address_refused = false;  // by policy: another address of ours may be welcome
  bool is_policy = false;           // TLS or AUTH: says nothing about the host's health
  bool tls_broken = false;          // the handshake failed; plain may work
  bool was_cancelled = false;
  std::optional<report::TlsFailureType> tls_type;  // it failed by TLS: what the report says
  bool was_resuming = false;  // the handshake offered an old session: once more without
};

// The same for what stands against the host's TLS.
[[nodiscard]] OpenFailure objected(const TlsObjection& objection);

struct OpenRequest {
  Candidate candidate;
  std::shared_ptr<const Target> target;
  std::optional<IpAddress> source;
  bool plain = false;  // its TLS is known to be broken, and the policy allows that
  HostTls tls{};
  bool may_resume = true;
  std::unique_ptr<engine::Stream> stream{};  // connected already; null: by this
  // The same over a connection of its own.
  [[nodiscard]] OpenRequest again() const {
    return {candidate, target, source, plain, tls, may_resume, nullptr};
  }
};

struct OpenDoors {
  engine::Reactor& reactor;
  const DeliverySettings& settings;
  const net::TlsContext* tls = nullptr;
  const net::TlsContext* tls_verified = nullptr;
  const net::TrustAnchors* anchors = nullptr;
  net::TlsResumptionCache* resumptions = nullptr;
};

struct Opening {
  std::unique_ptr<ClientConnection> client;
  std::optional<TlsObjection> remark;  // for the TLS report
};

// How a candidate is called in replies, events and failures.
[[nodiscard]] std::string remote_name(const Candidate& candidate);

// The failure of a connect.
[[nodiscard]] OpenFailure connect_failure(const Candidate& candidate, engine::IoError error);

// Connects, greets, starts TLS as the policy asks and logs in: a connection in `ready`.
// `duration`: connect and tls are added to.
[[nodiscard]] engine::Task<Result<Opening, OpenFailure>> open_connection(
    OpenDoors doors, OpenRequest request, flow::StageDurations& duration,
    engine::CancelToken cancel);

}  // namespace postrider::delivery
