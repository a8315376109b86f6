#pragma once

#include "row.hpp"
#include "where.hpp"

#include <cstddef>
#include <functional>

#include <postrider/engine/task.hpp>
#include <postrider/service/control/control_service.hpp>

namespace postrider::control {

struct ScanOptions {
  Where where;
  DeliveryId after;
  std::size_t rows_max = SIZE_MAX;  // matches to visit; the last delivery's rows are never split
};

struct ScanEnd {
  DeliveryId last;    // where the next scan goes on
  bool more = false;  // rows_max ended it
  std::size_t visited = 0;
};

// Walks the open deliveries in order of arrival, in slices, and calls `visit` for each row that
// matches. Between slices the core serves others. Cost: proportional to the queue; never run by
// mail itself.
engine::Task<store::StoreResult<ScanEnd>> scan_rows(ControlPorts& ports, const ScanOptions& options,
                                                    std::function<void(const Row&)> visit);

}  // namespace postrider::control
