#pragma once

#include "kv.hpp"

#include <functional>
#include <string_view>

#include <postrider/store/backup_reader.hpp>

namespace postrider::store {

// check_backup() of what a reader holds.
[[nodiscard]] BackupReport check_store(const KvReader& kv,
                                       const std::function<void(std::string_view)>& tell);

}  // namespace postrider::store
