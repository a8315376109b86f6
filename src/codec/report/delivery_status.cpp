#include "one_line.hpp"

#include <array>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/header_writer.hpp>
#include <postrider/codec/report/delivery_status.hpp>

namespace postrider::report {

namespace {

constexpr std::array<std::string_view, 5> action_names = {"failed", "delayed", "delivered",
                                                          "relayed", "expanded"};

std::string written(const DsnAddress& address, bool global) {
  if (is_ascii(address.address) && !equals_ignoring_case(address.type, "utf-8")) {
    return one_line(address.type, false) + "; " + one_line(address.address, false);
  }
  return "utf-8; " + (global ? encode_utf8_addr_unitext(address.address)
                             : encode_utf8_addr_xtext(address.address));
}

class BlockWriter {
 public:
  BlockWriter(std::string& out, bool global) : writer_(out, global), global_(global) {}

  void typed(std::string_view name, std::string_view type,
             const std::optional<std::string>& value) {
    if (value && !value->empty()) {
      writer_.structured(name, std::string(type) + "; " + one_line(*value, global_));
    }
  }
  void text(std::string_view name, const std::optional<std::string>& value) {
    if (value && !value->empty()) {
      writer_.structured(name, one_line(*value, global_));
    }
  }
  void date(std::string_view name, const std::optional<WallTime>& time) {
    if (time) {
      writer_.date(name, *time);
    }
  }
  void address(std::string_view name, const DsnAddress& value) {
    writer_.structured(name, written(value, global_));
  }

 private:
  mime::HeaderWriter writer_;
  bool global_;
};

}  // namespace

std::string_view name_of(Action action) {
  return action_names[static_cast<std::size_t>(action)];
}

std::string encode_delivery_status(const DeliveryStatus& status, bool global) {
  std::string out;
  BlockWriter block(out, global);
  block.text("Original-Envelope-Id", status.envelope_id);
  block.typed("Reporting-MTA", "dns", status.reporting_mta);
  block.typed("Received-From-MTA", "dns", status.received_from_mta);
  block.date("Arrival-Date", status.arrival_date);
  for (const RecipientStatus& recipient : status.recipients) {
    out += "\r\n";
    if (recipient.original) {
      block.address("Original-Recipient", *recipient.original);
    }
    block.address("Final-Recipient", recipient.final);
    block.text("Action", std::string(name_of(recipient.action)));
    block.text("Status", recipient.status);
    block.typed("Remote-MTA", "dns", recipient.remote_mta);
    block.typed("Diagnostic-Code", recipient.diagnostic_type, recipient.diagnostic);
    block.date("Last-Attempt-Date", recipient.last_attempt);
    block.text("Final-Log-ID", recipient.final_log_id);
    block.date("Will-Retry-Until", recipient.will_retry_until);
  }
  return out;
}

}  // namespace postrider::report
