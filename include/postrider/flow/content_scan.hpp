#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::flow {

// What becomes of a message in which something was found.
enum class ScanAction : std::uint8_t { reject, quarantine, junk, tag };
// What becomes of one that could not be scanned.
enum class ScanFailureAction : std::uint8_t {
  tempfail,  // 451 4.7.1
  accept,    // with a remark in its header and in the log
};

// A virus scanner that speaks clamd's INSTREAM.
struct ScannerSettings {
  SocketAddress address;
  std::string unix_path;  // in place of the address; empty: none
  // For the connection, each piece that is sent, and the answer.
  Duration timeout{std::chrono::seconds(60)};
  ScanAction on_found = ScanAction::reject;
  ScanFailureAction on_failure = ScanFailureAction::tempfail;
};

enum class ScanVerdict : std::uint8_t { clean, found, unavailable };
struct ScanResult {
  ScanVerdict verdict = ScanVerdict::unavailable;
  std::string text;  // what was found, or why nothing is known
};

// One message on its way through the scanner, while it arrives: memory is bounded by the pieces. A
// failure is kept and told at the end. Destroyed early: the scanner forgets it.
class ContentScan {
 public:
  ContentScan(engine::Reactor& reactor, const ScannerSettings& settings);
  ~ContentScan();
  ContentScan(const ContentScan&) = delete;
  ContentScan& operator=(const ContentScan&) = delete;

  [[nodiscard]] engine::Task<void> append(std::string_view octets);
  // Once; nothing is appended after it.
  [[nodiscard]] engine::Task<ScanResult> finish();

 private:
  [[nodiscard]] engine::Task<void> send();
  [[nodiscard]] engine::Task<void> connect();
  [[nodiscard]] engine::Task<ScanResult> hear();
  [[nodiscard]] engine::Until soon() const;

  engine::Reactor& reactor_;
  const ScannerSettings& settings_;
  std::unique_ptr<engine::Stream> stream_;
  std::string pending_;       // content not yet sent
  std::string failure_;       // why nothing more is sent; empty: all is well
  bool is_answered_ = false;  // it has stopped to read, and may have said why
};

}  // namespace postrider::flow
