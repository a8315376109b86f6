#pragma once

#include <postrider/service/control/live_queue.hpp>
#include <postrider/service/delivery/queue_control.hpp>

namespace postrider::app {

// What control asks of live delivery, bound to the delivery service. Shard: `core`.
class LiveDelivery final : public control::LiveQueue {
 public:
  LiveDelivery(delivery::QueueControl& delivery, CoreId core) : delivery_(delivery), core_(core) {}

  engine::Task<Result<void, std::string>> apply(control::QueueAction action, DeliveryId delivery,
                                                std::string reason) override;
  engine::Task<std::vector<Active>> active() override;
  engine::Task<std::vector<Reason>> why(DeliveryId delivery) override;
  engine::Task<std::string> status() override;

 private:
  delivery::QueueControl& delivery_;
  CoreId core_;
};

}  // namespace postrider::app
