#include "proxied_stream.hpp"

#include <utility>

namespace postrider::flow {
namespace {

class ProxiedStream final : public engine::Stream {
 public:
  ProxiedStream(std::unique_ptr<engine::Stream> inner, const filter::ProxyHeader& header,
                std::string rest)
      : inner_(std::move(inner)),
        peer_(header.source.value_or(inner_->peer())),
        local_(header.destination.value_or(inner_->local())),
        rest_(std::move(rest)) {}

  engine::Task<engine::IoResult<std::string_view>> receive(engine::Until until) override {
    if (!rest_.empty()) {
      lent_ = std::exchange(rest_, {});
      co_return std::string_view(lent_);
    }
    co_return co_await inner_->receive(until);
  }
  engine::Task<engine::IoResult<void>> send(std::string_view octets, engine::Until until) override {
    return inner_->send(octets, until);
  }
  engine::Task<engine::IoResult<void>> send_both(std::string_view head, std::string_view body,
                                                 engine::Until until) override {
    return inner_->send_both(head, body, until);
  }
  void shutdown_send() override { inner_->shutdown_send(); }
  void abort() override { inner_->abort(); }
  [[nodiscard]] bool is_readable() const override {
    return !rest_.empty() || inner_->is_readable();
  }
  [[nodiscard]] SocketAddress local() const override { return local_; }
  [[nodiscard]] SocketAddress peer() const override { return peer_; }

 private:
  std::unique_ptr<engine::Stream> inner_;
  SocketAddress peer_;
  SocketAddress local_;
  std::string rest_;
  std::string lent_;
};

}  // namespace

engine::Task<Result<std::unique_ptr<engine::Stream>, filter::ProxyFailure>> read_proxy_header(
    std::unique_ptr<engine::Stream> stream, engine::Until until) {
  std::unique_ptr<engine::Stream> inner = std::move(stream);
  std::string octets;
  while (true) {
    const auto received = co_await inner->receive(until);
    if (!received) {
      co_return failure(filter::ProxyFailure::none_there);
    }
    octets += *received;
    const auto parsed = filter::parse_proxy_header(octets);
    if (!parsed) {
      co_return failure(parsed.error());
    }
    if (*parsed) {
      const auto& found = **parsed;
      co_return std::make_unique<ProxiedStream>(std::move(inner), found.header,
                                                octets.substr(found.octets));
    }
  }
}

}  // namespace postrider::flow
