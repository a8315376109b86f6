#pragma once

#include "ldns_handles.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/codec/dns/record.hpp>

// Between our values and ldns's. A null handle or nullopt: the value can't be expressed.
namespace postrider::dns {

[[nodiscard]] RdfHandle to_rdf(std::string_view name);
// `name` is an uncompressed name.
[[nodiscard]] std::string to_text(const ldns_rdf& name);

[[nodiscard]] RrHandle to_rr(const Record& record);
// The record between `start` and `end` of a message that lay_out_records() has passed.
[[nodiscard]] std::optional<Record> read_record(std::string_view message, std::size_t start,
                                                std::size_t end, RecordType type);

}  // namespace postrider::dns
