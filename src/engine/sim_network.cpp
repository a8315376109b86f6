#include "sim_network.hpp"

#include <algorithm>

namespace postrider::engine {
namespace {

// Linux gives up after six SYNs (tcp_syn_retries).
constexpr Duration syn_patience = std::chrono::seconds(127);
constexpr Duration syn_retry = std::chrono::seconds(1);
constexpr std::uint16_t first_ephemeral_port = 32768;

}  // namespace

Simulation::HostState SimNetwork::host(const IpAddress& address) const {
  const auto found = hosts_.find(address);
  return found == hosts_.end() ? Simulation::HostState::up : found->second;
}

void SimNetwork::set_host(const IpAddress& address, Simulation::HostState state) {
  hosts_[address] = state;
  std::vector<std::shared_ptr<SimConnection>> touched;
  for (const auto& [number, connection] : connections_) {
    if (connection->uses(address)) {
      touched.push_back(connection->shared_from_this());
    }
  }
  for (const auto& connection : touched) {
    connection->on_host_change();
  }
}

IpAddress SimNetwork::source_for(const IpAddress& to) {
  if (to.is_loopback()) {
    return IpAddress::loopback(to.family());
  }
  return to.family() == IpFamily::v4
             ? IpAddress::v4({10, 0, 0, 1})
             : IpAddress::v6({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

std::uint16_t SimNetwork::next_port() {
  last_port_ =
      last_port_ == 65535 ? first_ephemeral_port : static_cast<std::uint16_t>(last_port_ + 1);
  return last_port_;
}

IoResult<std::unique_ptr<Listener>> SimNetwork::listen(Reactor& reactor,
                                                       const ListenOptions& options) {
  SocketAddress address = options.address;
  while (address.port == 0 || (options.address.port == 0 && listeners_.contains(address))) {
    address.port = next_port();
  }
  std::vector<SimListener*>& group = listeners_[address];
  if (!group.empty() && !(options.reuse_port && group.front()->shares_port())) {
    return failure(IoError::address_in_use);
  }
  auto listener = std::make_unique<SimListener>(*this, reactor, address, std::string(), options);
  group.push_back(listener.get());
  return listener;
}

IoResult<std::unique_ptr<Listener>> SimNetwork::listen_unix(Reactor& reactor,
                                                            const UnixListenOptions& options) {
  const std::string& path = options.path;
  if (!options.shared && unix_listeners_.contains(path)) {
    return failure(IoError::address_in_use);
  }
  auto listener = std::make_unique<SimListener>(*this, reactor, SocketAddress{}, path,
                                                ListenOptions{.reuse_port = false});
  unix_listeners_[path].push_back(listener.get());
  return listener;
}

void SimNetwork::forget(SimListener& listener) {
  if (!listener.path().empty()) {
    const auto found = unix_listeners_.find(listener.path());
    std::erase(found->second, &listener);
    if (found->second.empty()) {
      unix_listeners_.erase(found);
    }
    return;
  }
  const auto group = listeners_.find(listener.local());
  std::erase(group->second, &listener);
  if (group->second.empty()) {
    listeners_.erase(group);
  }
}

// The most specific address wins; an IPv6 wildcard takes IPv4 too, as the real engine's does.
SimListener* SimNetwork::find_listener(const SocketAddress& to) {
  const IpAddress any_v6 = IpAddress::v6({});
  const IpAddress any = to.ip.family() == IpFamily::v4 ? IpAddress() : any_v6;
  for (const IpAddress& ip : {to.ip, any, any_v6}) {
    if (const auto found = listeners_.find(SocketAddress{ip, to.port}); found != listeners_.end()) {
      const auto& group = found->second;
      return group.size() == 1 ? group.front() : group[world_.random().below(group.size())];
    }
  }
  return nullptr;
}

// A connect on its way; the coroutine that asked for it may be gone before the answer comes.
struct SimNetwork::Attempt {
  Reactor* reactor = nullptr;
  SocketAddress from;
  SocketAddress to;
  std::string path;  // not empty: a Unix socket
  MonoTime give_up{};
  bool abandoned = false;
  std::optional<IoResult<std::unique_ptr<Stream>>> result;
  SlotWait* waiter = nullptr;

  void answer(IoResult<std::unique_ptr<Stream>> outcome) {
    if (abandoned) {
      return;
    }
    result.emplace(std::move(outcome));
    if (waiter != nullptr) {
      waiter->finish();
    }
  }
};

Task<IoResult<std::unique_ptr<Stream>>> SimNetwork::connect(Reactor& reactor,
                                                            ConnectOptions options, Until until) {
  auto attempt = std::make_shared<Attempt>();
  attempt->reactor = &reactor;
  attempt->from = {options.source.value_or(source_for(options.to.ip)), next_port()};
  attempt->to = options.to;
  return await_attempt(std::move(attempt), until);
}

Task<IoResult<std::unique_ptr<Stream>>> SimNetwork::connect_unix(Reactor& reactor, std::string path,
                                                                 Until until) {
  auto attempt = std::make_shared<Attempt>();
  attempt->reactor = &reactor;
  attempt->path = std::move(path);
  return await_attempt(std::move(attempt), until);
}

Task<IoResult<std::unique_ptr<Stream>>> SimNetwork::await_attempt(std::shared_ptr<Attempt> attempt,
                                                                  Until until) {
  struct Abandon {
    Attempt& attempt;
    ~Abandon() { attempt.abandoned = true; }
  } const abandon{*attempt};
  attempt->give_up = world_.now() + syn_patience;
  world_.after(world_.between(faults_.latency_min, faults_.latency_max), attempt->reactor->core(),
               SimStep::connect, [this, attempt] { on_syn(attempt); });
  SlotWait wait(attempt->waiter, *attempt->reactor, until);
  const Wait::End end = co_await wait;
  if (attempt->result) {
    co_return std::move(*attempt->result);  // it came with the deadline: keep it
  }
  co_return failure(error_of(end));
}

void SimNetwork::on_syn(const std::shared_ptr<Attempt>& attempt) {
  const bool is_unix = !attempt->path.empty();
  const auto again = [&] {
    if (world_.now() >= attempt->give_up) {
      attempt->answer(failure(IoError::unreachable));
    } else if (!attempt->abandoned) {
      world_.after(syn_retry, attempt->reactor->core(), SimStep::connect,
                   [this, attempt] { on_syn(attempt); });
    }
  };
  SimListener* listener = nullptr;
  if (is_unix) {
    const auto found = unix_listeners_.find(attempt->path);
    listener = found == unix_listeners_.end() ? nullptr : found->second.front();
  } else {
    using enum Simulation::HostState;
    if (host(attempt->to.ip) == unreachable || host(attempt->from.ip) == unreachable) {
      again();
      return;
    }
    if (host(attempt->to.ip) != down && !world_.chance(faults_.refuse_per_connect)) {
      listener = find_listener(attempt->to);
    }
  }
  const Duration back = world_.between(faults_.latency_min, faults_.latency_max);
  if (listener == nullptr) {
    world_.after(back, attempt->reactor->core(), SimStep::connect,
                 [attempt] { attempt->answer(failure(IoError::refused)); });
    return;
  }
  if (listener->is_full()) {
    again();
    return;
  }
  SimConnection::End client{
      .reactor = attempt->reactor, .address = attempt->from, .is_unix = is_unix};
  SimConnection::End server{
      .reactor = &listener->reactor(), .address = attempt->to, .is_unix = is_unix};
  auto connection =
      std::make_shared<SimConnection>(world_, *this, std::move(client), std::move(server));
  listener->push(std::make_unique<SimStream>(connection, 1));
  // Work is copied nowhere, but the stream must die with the job if nobody runs it.
  world_.after(back, attempt->reactor->core(), SimStep::connect,
               [attempt, stream = std::make_unique<SimStream>(connection, 0)]() mutable {
                 attempt->answer(std::unique_ptr<Stream>(std::move(stream)));
               });
}

SimListener::~SimListener() {
  network_.forget(*this);
  for (const std::unique_ptr<Stream>& stream : queue_) {
    stream->abort();
  }
}

void SimListener::push(std::unique_ptr<Stream> stream) {
  queue_.push_back(std::move(stream));
  if (acceptor_ != nullptr) {
    acceptor_->finish();
  }
}

Task<IoResult<std::unique_ptr<Stream>>> SimListener::accept(Until until) {
  while (queue_.empty()) {
    SlotWait wait(acceptor_, reactor_, until);
    const Wait::End end = co_await wait;
    if (end != Wait::End::done) {
      co_return failure(error_of(end));
    }
  }
  std::unique_ptr<Stream> stream = std::move(queue_.front());
  queue_.pop_front();
  co_return stream;
}

}  // namespace postrider::engine
