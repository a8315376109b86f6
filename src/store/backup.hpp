#pragma once

#include "kv.hpp"

#include <string>

#include <postrider/store/upkeep.hpp>

namespace postrider::store {

// Where the database stands in a backup, as it does in a data_dir.
inline constexpr const char* backup_store_name = "store";

// The folder of the database in a backup or a data_dir; `directory` itself if there is none.
[[nodiscard]] std::string backup_store(const std::string& directory);

// What Upkeep::back_up() promises. `store`: the folder of `kv`. Blocks.
[[nodiscard]] Result<BackupMade, std::string> make_backup(const Kv& kv, const std::string& store,
                                                          const std::string& directory);

}  // namespace postrider::store
