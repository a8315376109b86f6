#include "sim_network.hpp"

#include <cstring>

namespace postrider::engine {

IoResult<std::unique_ptr<DatagramSocket>> SimNetwork::open_datagram(
    Reactor& reactor, const DatagramOptions& options) {
  SocketAddress address = options.bind;
  while (address.port == 0 || (options.bind.port == 0 && datagrams_.contains(address))) {
    address.port = next_port();
  }
  if (datagrams_.contains(address)) {
    return failure(IoError::address_in_use);
  }
  auto socket = std::make_unique<SimDatagramSocket>(*this, reactor, address, options.peer);
  datagrams_[address] = socket.get();
  return socket;
}

void SimNetwork::forget(SimDatagramSocket& socket) {
  datagrams_.erase(socket.local());
}

SimDatagramSocket* SimNetwork::find_datagram(const SocketAddress& to, const SocketAddress& from) {
  const IpAddress any_v6 = IpAddress::v6({});
  const IpAddress any = to.ip.family() == IpFamily::v4 ? IpAddress() : any_v6;
  for (const IpAddress& ip : {to.ip, any, any_v6}) {
    const auto found = datagrams_.find(SocketAddress{ip, to.port});
    if (found != datagrams_.end()) {
      const auto& peer = found->second->peer();
      return !peer || *peer == from ? found->second : nullptr;
    }
  }
  return nullptr;
}

void SimNetwork::carry(SimDatagramSocket& from, const SocketAddress& to, std::string octets) {
  if (world_.chance(faults_.datagram_loss)) {
    return;
  }
  SocketAddress source = from.local();
  if (source.ip.is_unspecified()) {
    source.ip = source_for(to.ip);
  }
  world_.after(world_.between(faults_.latency_min, faults_.latency_max), from.reactor().core(),
               SimStep::datagram, [this, source, to, octets = std::move(octets)]() mutable {
                 deliver(source, to, std::move(octets));
               });
}

void SimNetwork::deliver(const SocketAddress& from, const SocketAddress& to, std::string octets) {
  using enum Simulation::HostState;
  if (host(to.ip) == unreachable || host(from.ip) == unreachable) {
    return;
  }
  if (SimDatagramSocket* const socket = host(to.ip) == down ? nullptr : find_datagram(to, from);
      socket != nullptr) {
    socket->push(from, std::move(octets));
    return;
  }
  // ICMP port unreachable: only a connected sender hears of it.
  SimDatagramSocket* const sender = find_datagram(from, to);
  if (sender != nullptr && sender->peer()) {
    sender->refuse();
  }
}

void SimDatagramSocket::push(const SocketAddress& from, std::string octets) {
  if (queue_.size() < queue_limit) {
    queue_.emplace_back(from, std::move(octets));
  }
  if (reader_ != nullptr) {
    reader_->finish();
  }
}

void SimDatagramSocket::refuse() {
  refused_ = true;
  if (reader_ != nullptr) {
    reader_->finish();
  }
}

Task<IoResult<DatagramSocket::Datagram>> SimDatagramSocket::receive(Until until) {
  view_.reset();
  while (queue_.empty()) {
    if (std::exchange(refused_, false)) {
      co_return failure(IoError::refused);
    }
    SlotWait wait(reader_, reactor_, until);
    const Wait::End end = co_await wait;
    if (end != Wait::End::done) {
      co_return failure(error_of(end));
    }
  }
  const auto [peer, octets] = std::move(queue_.front());
  queue_.pop_front();
  view_ = std::make_unique<char[]>(octets.size());
  std::memcpy(view_.get(), octets.data(), octets.size());
  co_return Datagram{peer, std::string_view(view_.get(), octets.size())};
}

Task<IoResult<void>> SimDatagramSocket::send(SocketAddress to, std::string_view octets,
                                             Until until) {
  if (octets.size() > longest_datagram) {
    co_return failure(IoError::other);
  }
  if (const auto ended = ended_before(reactor_, until)) {
    co_return failure(*ended);
  }
  network_.carry(*this, peer_.value_or(to), std::string(octets));
  co_await NextTurn{reactor_};
  co_return IoResult<void>{};
}

}  // namespace postrider::engine
