#include "unpack.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <zip.h>
#include <zlib.h>

#include <postrider/base/text.hpp>

namespace postrider::report {

namespace {

constexpr std::size_t step = 64 * 1024;

struct Inflater {
  Inflater() { is_ready = inflateInit2(&stream, 15 + 16) == Z_OK; }  // 16: gzip's framing
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { (void)inflateEnd(&stream); }  // it only frees
  z_stream stream{};
  bool is_ready = false;
};

struct ArchiveCloser {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, ArchiveCloser>;
struct EntryCloser {
  void operator()(zip_file_t* entry) const { (void)zip_fclose(entry); }  // nothing was written
};
using Entry = std::unique_ptr<zip_file_t, EntryCloser>;

// `octets` outlive it.
Archive open_archive(std::string_view octets) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(octets.data(), octets.size(), 0, &error);
  zip_t* archive = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
  if (source != nullptr && archive == nullptr) {
    zip_source_free(source);
  }
  zip_error_fini(&error);
  return Archive(archive);
}

// nullopt: none of them looks like one.
std::optional<zip_uint64_t> find_entry(zip_t* archive, zip_uint64_t entries) {
  for (zip_uint64_t i = 0; i < entries; ++i) {
    const char* const name = zip_get_name(archive, i, ZIP_FL_ENC_RAW);
    const std::string lower = to_lower(name == nullptr ? "" : name);
    if (lower.ends_with(".xml") || lower.ends_with(".json")) {
      return i;
    }
  }
  return entries == 1 ? std::optional<zip_uint64_t>(0) : std::nullopt;
}

}  // namespace

Result<std::string, ReceivedReportError> gunzip_report(std::string_view octets,
                                                       std::size_t octets_max) {
  const std::size_t most = octets_max == 0 ? unpacked_max(octets.size()) : octets_max;
  Inflater inflater;
  z_stream& stream = inflater.stream;
  if (!inflater.is_ready || octets.empty()) {
    return failure(ReceivedReportError::damaged);
  }
  std::string in(octets);
  std::string out;
  std::array<char, step> piece{};
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int end = inflate(&stream, Z_NO_FLUSH);
    out.append(piece.data(), piece.size() - stream.avail_out);
    if (out.size() > most) {
      return failure(ReceivedReportError::hostile);
    }
    if (end == Z_STREAM_END) {
      // What follows is another member, or the padding of a careless program.
      const std::string_view rest(reinterpret_cast<const char*>(stream.next_in), stream.avail_in);
      if (!is_gzip(rest)) {
        return out;
      }
      if (inflateReset(&stream) != Z_OK) {
        return failure(ReceivedReportError::damaged);
      }
    } else if (end != Z_OK) {
      return failure(ReceivedReportError::damaged);
    }
  }
}

Result<std::string, ReceivedReportError> unzip_report(std::string_view octets) {
  const Archive archive = open_archive(octets);
  if (!archive) {
    return failure(ReceivedReportError::damaged);
  }
  const zip_int64_t entries = zip_get_num_entries(archive.get(), 0);
  if (entries > static_cast<zip_int64_t>(received_report_limits::entries)) {
    return failure(ReceivedReportError::hostile);
  }
  const auto index =
      find_entry(archive.get(), static_cast<zip_uint64_t>(std::max<zip_int64_t>(entries, 0)));
  if (!index) {
    return failure(ReceivedReportError::none);
  }
  const Entry entry(zip_fopen_index(archive.get(), *index, 0));
  if (!entry) {
    return failure(ReceivedReportError::damaged);  // or encrypted
  }
  const std::size_t most = unpacked_max(octets.size());
  std::string out;
  std::array<char, step> piece{};
  for (;;) {
    const zip_int64_t got = zip_fread(entry.get(), piece.data(), piece.size());
    if (got < 0) {
      return failure(ReceivedReportError::damaged);
    }
    if (got == 0) {
      return out;
    }
    out.append(piece.data(), static_cast<std::size_t>(got));
    if (out.size() > most) {
      return failure(ReceivedReportError::hostile);
    }
  }
}

}  // namespace postrider::report
