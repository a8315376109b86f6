#pragma once

#include "answer.hpp"

#include <filesystem>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::tools {

struct AnchorsCommand {
  net::ResolverSettings resolver;  // DnssecMode::validate, with the anchors of now
  std::filesystem::path file;      // dns.trust_anchors; empty: the built-in ones are in use
  bool update = false;             // write the file
  bool json = false;
};

// The keys of the highest trust anchor as they are trusted and as its zone publishes them, proven
// by those that are trusted; with `update` the file is replaced, whole or not at all. Out: the exit
// code: 1 where they can't be proven or written, or there is news that is not written.
engine::Task<int> run_anchors_command(AnchorsCommand command, engine::Reactor& reactor,
                                      Terminal terminal);

}  // namespace postrider::tools
