#pragma once

#include "delivery_world.hpp"

#include <string>
#include <utility>

namespace postrider::delivery {

// A world in which one message has just been deferred, and would be taken at its next attempt.
struct Deferred {
  World world{1, 2};
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  FakeMx& home = world.add_mx("acme.example", 10, "mx.acme.example", 2);
  DeliveryId delivery;

  Deferred() {
    mx.manners.on_rcpt = [](const std::string&) { return "450 4.2.1 later"; };
    world.start();
    delivery = {world.submit({.to = {"user@example.org"}}), 0};
    world.run_for(std::chrono::seconds(2));
    mx.manners.on_rcpt = nullptr;
  }
  ActionResult apply(QueueAction action, std::string reason = "because") {
    return world.run(world.delivery().control().apply(1, delivery, action, std::move(reason)));
  }
  Explanation why() {
    auto found = world.run(world.delivery().control().explain(0, delivery));
    EXPECT_TRUE(found.has_value());
    return found ? *found : Explanation{};
  }
};

}  // namespace postrider::delivery
