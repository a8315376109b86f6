#include "sim_connection.hpp"

#include "sim_network.hpp"

#include <algorithm>
#include <cstring>
#include <unistd.h>

namespace postrider::engine {

SimConnection::SimConnection(SimWorld& world, SimNetwork& network, End first, End second)
    : world_(world),
      network_(network),
      ends_{std::move(first), std::move(second)},
      number_(network_.add(*this)) {}

SimConnection::~SimConnection() {
  network_.remove(number_);
}

void SimConnection::wake(SlotWait* wait) {
  if (wait != nullptr) {
    wait->finish();
  }
}

bool SimConnection::uses(const IpAddress& address) const {
  return std::ranges::any_of(
      ends_, [&](const End& end) { return !end.is_unix && end.address.ip == address; });
}

bool SimConnection::is_cut_off() const {
  return std::ranges::any_of(ends_, [&](const End& end) {
    return !end.is_unix && network_.host(end.address.ip) == Simulation::HostState::unreachable;
  });
}

Task<IoResult<void>> SimConnection::receive(int side, std::unique_ptr<char[]>& out,
                                            std::size_t& size, Until until) {
  const auto self = shared_from_this();
  End& here = end(side);
  while (here.available() == 0) {
    if (here.end_arrived) {
      co_return failure(IoError::end_of_stream);
    }
    if (here.broken) {
      co_return failure(IoError::reset);
    }
    SlotWait wait(here.reader, *here.reactor, until);
    const Wait::End ended = co_await wait;
    if (ended != Wait::End::done) {
      co_return failure(error_of(ended));
    }
  }
  const std::size_t longest = std::min(here.available(), network_.faults().max_segment);
  size = world_.chance(0.5) ? longest : 1 + world_.random().below(longest);
  out = std::make_unique<char[]>(size);
  std::memcpy(out.get(), here.arrived.data() + here.read, size);
  here.read += size;
  if (here.available() == 0) {
    here.arrived.clear();
    here.read = 0;
  }
  peer_of(side).unread_by_peer -= size;
  wake(peer_of(side).writer);
  co_return IoResult<void>{};
}

Task<IoResult<void>> SimConnection::send(int side, std::string_view octets, Until until) {
  const auto self = shared_from_this();
  End& here = end(side);
  check(!here.end_sent || here.broken, "send() after shutdown_send()");
  if (world_.chance(network_.faults().reset_per_send)) {
    break_end(side);
    break_later(1 - side);
  }
  here.stalled = here.stalled || world_.chance(network_.faults().stall_per_send);
  if (const auto ended = ended_before(*here.reactor, until)) {
    co_return failure(*ended);
  }
  while (!octets.empty() && !here.broken) {
    const std::size_t taken = std::min(octets.size(), window_octets - here.unread_by_peer);
    if (taken > 0) {
      here.unread_by_peer += taken;
      transmit(side, Segment{.octets = std::string(octets.substr(0, taken))});
      octets.remove_prefix(taken);
      continue;
    }
    SlotWait wait(here.writer, *here.reactor, until);
    const Wait::End ended = co_await wait;
    if (ended != Wait::End::done) {
      co_return failure(error_of(ended));
    }
  }
  // A turn passes even if there was room at once, as it does in the kernel.
  co_await NextTurn{*here.reactor};
  if (here.broken) {
    co_return failure(IoError::reset);
  }
  co_return IoResult<void>{};
}

void SimConnection::shutdown_send(int side) {
  if (!end(side).end_sent && !end(side).broken) {
    end(side).end_sent = true;
    transmit(side, Segment{.octets = {}, .is_end = true});
  }
}

void SimConnection::abort(int side) {
  if (!end(side).broken) {
    end(side).end_sent = true;
    break_end(side);
    break_later(1 - side);
  }
}

// The peer reads an orderly end after what was sent; what it still sends is thrown away and breaks
// its end, as the kernel does when the application has gone.
void SimConnection::close(int side) {
  shutdown_send(side);
  End& here = end(side);
  here.closed = true;
  peer_of(side).unread_by_peer -= here.available();
  here.arrived.clear();
  here.read = 0;
  wake(peer_of(side).writer);
}

void SimConnection::transmit(int from, Segment segment) {
  End& here = end(from);
  if (here.stalled) {
    return;
  }
  const NetworkFaults& faults = network_.faults();
  here.last_arrival = std::max(
      world_.now() + world_.between(faults.latency_min, faults.latency_max), here.last_arrival);
  world_.at(here.last_arrival, peer_of(from).reactor->core(), SimStep::segment,
            [self = shared_from_this(), from, segment = std::move(segment)]() mutable {
              self->arrive(from, std::move(segment));
            });
}

void SimConnection::arrive(int from, Segment segment) {
  if (is_cut_off() || !held_up_[static_cast<std::size_t>(from)].empty()) {
    held_up_[static_cast<std::size_t>(from)].push_back(std::move(segment));
    return;
  }
  End& there = peer_of(from);
  if (there.closed) {
    end(from).unread_by_peer -= segment.octets.size();
    if (!segment.is_end) {
      break_later(from);
    }
    return;
  }
  there.end_arrived = there.end_arrived || segment.is_end;
  there.arrived += segment.octets;
  wake(there.reader);
}

void SimConnection::break_end(int side) {
  end(side).broken = true;
  wake(end(side).reader);
  wake(end(side).writer);
}

void SimConnection::break_later(int side) {
  const NetworkFaults& faults = network_.faults();
  // After what was sent before it.
  const MonoTime when =
      std::max(world_.now() + world_.between(faults.latency_min, faults.latency_max),
               peer_of(side).last_arrival);
  peer_of(side).last_arrival = when;
  world_.at(when, end(side).reactor->core(), SimStep::reset,
            [self = shared_from_this(), side] { self->break_end(side); });
}

void SimConnection::on_host_change() {
  const bool down = std::ranges::any_of(ends_, [&](const End& end) {
    return !end.is_unix && network_.host(end.address.ip) == Simulation::HostState::down;
  });
  if (down) {
    break_later(0);
    break_later(1);
  }
  if (is_cut_off()) {
    return;
  }
  for (int from = 0; from < 2; ++from) {
    std::deque<Segment> held = std::exchange(held_up_[static_cast<std::size_t>(from)], {});
    for (Segment& segment : held) {
      arrive(from, std::move(segment));
    }
  }
}

Task<IoResult<std::string_view>> SimStream::receive(Until until) {
  view_.reset();
  std::size_t size = 0;
  const auto received = co_await connection_->receive(side_, view_, size, until);
  if (!received) {
    co_return failure(received.error());
  }
  co_return std::string_view(view_.get(), size);
}

Task<IoResult<void>> SimStream::send(std::string_view octets, Until until) {
  return connection_->send(side_, octets, until);
}

bool SimStream::is_readable() const {
  const SimConnection::End& here = connection_->end(side_);
  return here.available() > 0 || here.end_arrived || here.broken;
}

SocketAddress SimStream::local() const {
  return connection_->end(side_).address;
}
SocketAddress SimStream::peer() const {
  return connection_->end(1 - side_).address;
}

std::optional<Stream::Credentials> SimStream::peer_credentials() const {
  if (!connection_->end(side_).is_unix) {
    return std::nullopt;
  }
  return Credentials{geteuid(), getegid(), getpid()};
}

}  // namespace postrider::engine
