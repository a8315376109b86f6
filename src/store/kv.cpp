#include "kv.hpp"

namespace postrider::store {

void KvReader::get_many(Family family, const std::vector<std::string>& keys,
                        const OnRecord& on_record) const {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto record = get(family, keys[i], Read::any);
    if (record) {
      on_record(i, std::string_view(*record));
    } else {
      on_record(i, failure(record.error()));
    }
  }
}

}  // namespace postrider::store
