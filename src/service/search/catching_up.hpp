#pragma once

#include "mail_reader.hpp"

#include <cstdint>
#include <string>

#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/service/search/text_indexer.hpp>

namespace postrider::search {

struct CatchUpOrder {
  std::string directory;
  store::MailAccountId account{};
  std::string owner;
  bool makes_it = false;     // if there is none
  bool begins_anew = false;  // what there is goes first
  ReadLimits limits;
};
enum class CatchUpEnd : std::uint8_t {
  done,          // or told to stop
  none,          // there is no index, and none was to be made
  account_gone,  // and so is its index
  damaged,       // to be made anew
  failed,        // to be tried again
};
// Makes an index say what the store does: the store is the truth, and what both have is compared.
// Each commit leaves it right for what it says it knows.
[[nodiscard]] engine::Task<CatchUpEnd> catch_up(const IndexerDoors& doors, CatchUpOrder order,
                                                engine::Gate& gate);

}  // namespace postrider::search
