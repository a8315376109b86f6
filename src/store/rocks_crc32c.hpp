#pragma once

namespace postrider::store {

// Debian's RocksDB is built for the oldest x86-64 and computes the checksum of every record of its
// log from tables, at 0.5 GB/s: 8 us for a message of 4 KiB. The program brings a function of the
// same name that uses the processor's instruction; the dynamic linker prefers it (ADR 0008).
// This call makes the static linker take it along.
void use_own_crc32c();

}  // namespace postrider::store
