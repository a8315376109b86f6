#include "recipient_reply.hpp"

#include <array>
#include <cstddef>

namespace postrider::smtp {
namespace {

struct Row {
  flow::AddressFailure kind;
  std::uint16_t code;
  EnhancedCode enhanced;
  const char* text;
};

constexpr std::array rows = {
    Row{flow::AddressFailure::unknown, 550, {5, 1, 1}, "No such user here"},
    Row{flow::AddressFailure::disabled, 550, {5, 2, 1}, "This mailbox is disabled"},
    Row{flow::AddressFailure::over_quota, 452, {4, 2, 2}, "This mailbox is full: try later"},
    Row{flow::AddressFailure::domain_over_quota, 452, {4, 2, 2}, "Its domain is full: try later"},
    Row{flow::AddressFailure::too_large, 552, {5, 3, 4}, "Message too large for this recipient"},
    Row{flow::AddressFailure::not_permitted, 550, {5, 7, 1}, "You may not post to this address"},
    Row{flow::AddressFailure::loop, 554, {5, 4, 6}, "This address leads to itself"},
    Row{flow::AddressFailure::too_many, 554, {5, 4, 6}, "This address leads to too many others"},
    Row{flow::AddressFailure::full_for_long, 552, {5, 2, 2}, "This mailbox has been full for long"},
    Row{flow::AddressFailure::unavailable, 451, {4, 3, 0}, "The directory does not answer now"},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].kind) != i) {
      return false;
    }
  }
  return rows.back().kind == flow::AddressFailure::unavailable;
}
static_assert(is_in_order());

}  // namespace

Reply reply_for(flow::AddressFailure failure) {
  const Row& row = rows[static_cast<std::size_t>(failure)];
  return {row.code, row.enhanced, row.text};
}

Reply relay_denied() {
  return {550, {5, 7, 1}, "Relaying denied"};
}

}  // namespace postrider::smtp
