#include "open_connection.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/net/tls_session.hpp>

namespace postrider::delivery {

namespace {

using smtp::ClientStep;
using Opened = Result<Opening, OpenFailure>;

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

void add(double& stage, Duration duration) {
  stage = std::max(stage, 0.0) + milliseconds(duration);
}

smtp::ClientSettings session_settings(const OpenDoors& doors, const OpenRequest& request) {
  using Tls = smtp::ClientSettings::Tls;
  const Target& target = *request.target;
  smtp::ClientSettings out;
  out.protocol = target.lmtp ? smtp::ClientProtocol::lmtp : smtp::ClientProtocol::smtp;
  out.own_name = doors.settings.hostname;
  out.timeouts = doors.settings.timeouts;
  out.username = target.username;
  out.password = target.password;
  out.random = &doors.reactor.random();
  out.plain_auth = request.candidate.address.ip.is_loopback();
  if (request.tls.is_mandatory) {
    out.tls = Tls::required;
  } else {
    out.tls =
        request.tls.is_off || request.plain || doors.tls == nullptr ? Tls::off : Tls::opportunistic;
  }
  return out;
}

net::TlsResumptionKey resumption_key(const OpenRequest& request) {
  return {request.candidate.address, request.candidate.host, request.tls.key};
}

// By now a server has sent its tickets: they stand before its answer to the second EHLO.
void keep_session(const OpenDoors& doors, const OpenRequest& request, ClientConnection& client) {
  if (doors.resumptions != nullptr && client.connection.tls() != nullptr) {
    doors.resumptions->keep(resumption_key(request), client.connection.tls()->resumption(),
                            doors.reactor.now());
  }
}

OpenFailure own_finding(std::string text, smtp::EnhancedCode enhanced) {
  OpenFailure out;
  out.reply = smtp::Reply{0, enhanced, std::move(text)};
  return out;
}

// That we, at this address, are not wanted (RFC 3463 3.8, RFC 7372 3.3), rather than the host busy.
bool refuses_address(const smtp::Reply& reply) {
  return reply.code == 554 || (reply.code >= 400 && reply.enhanced.subject == 7);
}

// What the end of the conversation before `ready` means.
OpenFailure judge(const ClientConnection& client) {
  using Stage = smtp::ClientFailure::Stage;
  if (!client.session.failure()) {
    OpenFailure out = own_finding(client.broken, {4, 4, 2});
    out.was_cancelled = client.was_cancelled;
    return out;
  }
  const smtp::ClientFailure& failure = *client.session.failure();
  OpenFailure out;
  out.reply = failure.reply;
  out.own = failure.own;
  out.is_busy = failure.reply.is_transient();
  out.is_address_refused = !failure.own && refuses_address(failure.reply) &&
                           (failure.stage == Stage::greeting || failure.stage == Stage::hello);
  out.is_policy = failure.stage == Stage::tls || failure.stage == Stage::auth;
  if (failure.stage == Stage::tls) {
    out.tls_type = report::TlsFailureType::starttls_not_supported;
  }
  // RFC 7504: 521 and 556 say that the host takes no mail at all. Other refusals in a greeting
  // have often been an operator's mistake, and are asked again.
  const std::uint16_t code = failure.reply.code;
  out.is_permanent = (failure.stage == Stage::greeting && (code == 521 || code == 556)) ||
                     (failure.stage == Stage::hello && failure.reply.is_permanent());
  return out;
}

// The handshake, and whether what stands at the other end is what the policy wants.
engine::Task<std::optional<OpenFailure>> secure(OpenDoors doors, Opening& opening,
                                                const OpenRequest& request,
                                                engine::CancelToken cancel) {
  ClientConnection& client = *opening.client;
  const bool by_pkix = request.tls.check == HostTls::Check::pkix;
  const net::TlsContext* context = by_pkix ? doors.tls_verified : doors.tls;
  if (context == nullptr) {
    co_return own_finding(by_pkix ? "this server has no trust anchors to verify by: set tls.ca_file"
                                  : "this server has no TLS to offer",
                          {4, 7, 5});
  }
  client.parser.reset();
  client.unread = {};
  const net::TlsResumptionKey key = resumption_key(request);
  const bool may_resume = request.may_resume && doors.resumptions != nullptr;
  auto session = may_resume ? doors.resumptions->take(key, doors.reactor.now()) : nullptr;
  const bool is_resuming = session != nullptr;
  const engine::Until until{doors.reactor.now() + doors.settings.tls_timeout, cancel};
  const auto started = co_await client.connection.start_tls(
      *context, net::TlsRole::client, request.candidate.host, until, std::move(session));
  if (!started) {
    OpenFailure failure =
        own_finding(fmt::format("TLS handshake failed: {}", started.error().text), {4, 7, 5});
    failure.tls_broken = started.error().io != engine::IoError::cancelled;
    failure.was_cancelled = started.error().io == engine::IoError::cancelled;
    failure.is_policy = request.tls.is_mandatory;
    failure.tls_type = failure_type(started.error().kind);
    failure.was_resuming = is_resuming && failure.tls_broken;
    if (is_resuming) {
      doors.resumptions->forget(key);
    }
    co_return failure;
  }
  net::TlsSession& tls = *client.connection.tls();
  client.tls = fmt::format("{} {}", tls.facts().version, tls.facts().cipher);
  co_await doors.reactor.heavy_step();
  const JudgedSession judged = judge_session(request.tls, *request.target, request.candidate.host,
                                             tls, doors.anchors, doors.reactor.wall_now());
  tls.release_peer_chain();
  if (judged.objection) {
    OpenFailure failure = objected(*judged.objection);
    failure.was_resuming = tls.facts().is_resumed;  // the server may have something better by now
    co_return failure;
  }
  opening.remark = judged.remark;
  if (judged.only_for_domain) {
    client.only_domain = request.target->domain;
  }
  co_return std::nullopt;
}

// RFC 8689 4.2.1: the message must not go there, and never will.
OpenFailure requiretls_unmet() {
  OpenFailure out = own_finding(
      "the message requires TLS all the way (REQUIRETLS), and the server does not offer that",
      {5, 7, 30});
  out.is_policy = true;
  out.is_permanent = true;
  return out;
}

}  // namespace

std::string remote_name(const Candidate& candidate) {
  return fmt::format("{} [{}]:{}", candidate.host, candidate.address.ip.text(),
                     candidate.address.port);
}

OpenFailure connect_failure(const Candidate& candidate, engine::IoError error) {
  OpenFailure failure = own_finding(
      fmt::format("connect to {}: {}", remote_name(candidate), engine::describe(error)), {4, 4, 1});
  failure.remote = remote_name(candidate);
  failure.was_cancelled = error == engine::IoError::cancelled;
  return failure;
}

OpenFailure objected(const TlsObjection& objection) {
  OpenFailure out;
  out.reply = smtp::Reply{0, objection.enhanced, objection.text};
  out.is_policy = true;
  out.is_permanent = objection.is_permanent;
  out.tls_type = objection.type;
  return out;
}

engine::Task<Opened> open_connection(OpenDoors doors, OpenRequest request,
                                     flow::StageDurations& duration, engine::CancelToken cancel) {
  const Candidate& to = request.candidate;
  const std::string remote = remote_name(to);
  if (!request.stream) {
    const MonoTime began = doors.reactor.now();
    auto stream = co_await doors.reactor.connect({to.address, request.source},
                                                 {began + doors.settings.connect_timeout, cancel});
    add(duration.connect, doors.reactor.now() - began);
    if (!stream) {
      co_return std::unexpected(connect_failure(to, stream.error()));
    }
    request.stream = std::move(*stream);
  }
  Opening opening{
      std::make_unique<ClientConnection>(net::Connection(doors.reactor, std::move(request.stream)),
                                         session_settings(doors, request)),
      std::nullopt};
  ClientConnection* client = opening.client.get();
  client->address = to.address;
  client->remote = remote;
  client->source = client->connection.stream().local().ip.text();

  ClientStep step = co_await client->proceed(client->session.start(), cancel);
  std::optional<OpenFailure> failure;
  if (step == ClientStep::start_tls) {
    const MonoTime tls_began = doors.reactor.now();
    failure = co_await secure(doors, opening, request, cancel);
    add(duration.tls, doors.reactor.now() - tls_began);
    if (!failure) {
      const net::TlsSession& tls = *client->connection.tls();
      step = client->session.on_tls_started(
          client->connection.out(),
          {tls.channel_binding_exporter(), tls.channel_binding_end_point()});
      step = co_await client->proceed(step, cancel);
    }
  }
  if (!failure && step == ClientStep::ready) {
    if (!request.tls.wants_requiretls || client->session.capabilities().requiretls) {
      keep_session(doors, request, *client);
      co_return opening;
    }
    failure = requiretls_unmet();
    co_await client->quit(cancel);
  }
  if (!failure) {
    failure = judge(*client);
    if (request.tls.wants_requiretls && failure->own &&
        failure->tls_type == report::TlsFailureType::starttls_not_supported) {
      failure = requiretls_unmet();
      failure->tls_type = report::TlsFailureType::starttls_not_supported;
    }
  }
  failure->remote = remote;
  if (client->session.failure() && !cancel.is_cancelled()) {
    co_await client->connection.close({doors.reactor.now() + std::chrono::seconds(1), cancel});
  }
  co_return std::unexpected(std::move(*failure));
}

}  // namespace postrider::delivery
