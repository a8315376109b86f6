#include "offline_control.hpp"

#include "settings.hpp"
#include "version.hpp"

#include <filesystem>

#include <postrider/engine/real.hpp>
#include <postrider/service/control/control_service.hpp>
#include <postrider/store/store.hpp>

namespace postrider::app {

namespace {

class OfflineControl final : public tools::ControlTransport {
 public:
  explicit OfflineControl(const Config& config) : config_(config) {
    std::filesystem::create_directories(config.data_dir);
  }

  // Each call opens and closes the store: commands make few, and an engine runs only once.
  http::Response call(const http::Request& request) override {
    const auto engine = engine::Engine::create({.cores = 1, .pin = false});
    const auto store = store::Store::open(store_settings(config_), *engine);
    http::Response response;
    engine->run([&](engine::Reactor& reactor) -> engine::Task<void> {
      return answer(reactor, *store, credential_kinds(config_), request, response, *engine);
    });
    store->close();
    return response;
  }

 private:
  static engine::Task<void> answer(engine::Reactor& reactor, store::Store& store,
                                   flow::CredentialKinds kinds, const http::Request& request,
                                   http::Response& response, engine::Engine& engine) {
    flow::AccountDesk desk(reactor, store.accounts(0), kinds);
    control::ControlService service({.reactor = reactor,
                                     .queue = store.queue(0),
                                     .accounts = desk,
                                     .live = nullptr,
                                     .reload = {},
                                     .version = std::string(version),
                                     .mailboxes = &store.mailboxes(0),
                                     .upkeep = &store.upkeep(0)});
    response = co_await service.handle(request);
    engine.stop();
  }

  const Config& config_;
};

}  // namespace

std::unique_ptr<tools::ControlTransport> open_offline_control(const Config& config) {
  return std::make_unique<OfflineControl>(config);
}

}  // namespace postrider::app
