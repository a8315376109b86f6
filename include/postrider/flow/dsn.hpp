#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/base/time.hpp>
#include <postrider/codec/report/delivery_status.hpp>
#include <postrider/flow/signer.hpp>
#include <postrider/store/queue_records.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::flow {

enum class Fate : std::uint8_t {
  failed,     // for good
  delayed,    // still trying
  delivered,  // into a mailbox of ours, or to a list
  relayed,    // handed to a host that makes no reports of success (RFC 3461 5.2.2)
};

struct ReportedRecipient {
  store::Recipient recipient;
  Fate fate = Fate::failed;
  store::LastReply last;
  std::optional<WallTime> will_retry_until;  // delayed
};

// Whether the sender asked to hear of that (RFC 3461 4.1). Never for the null reverse-path.
[[nodiscard]] bool is_report_wanted(const store::Envelope& envelope,
                                    const store::Recipient& recipient, Fate fate);

struct ReportOrder {
  const store::Envelope& about;
  std::vector<ReportedRecipient> recipients;  // at least one, each of them wanted
  std::string_view original;                  // the message, or its beginning with the whole header
  bool is_original_whole = false;
  std::string hostname;
  MessageId id;  // of the report
  WallTime now{};
  Signer* signer = nullptr;  // nullptr: nobody signs what we send
};

// The delivery status notification as a message of its own, to the sender, from the null
// reverse-path; signed where there is a key for the host's name or a domain above it (RFC 6376).
// nullopt: the sender's address leads nowhere.
[[nodiscard]] std::optional<store::NewMessage> make_report(const ReportOrder& order,
                                                           Random& random);

}  // namespace postrider::flow
