#include "intake_reply.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include <postrider/base/text.hpp>

namespace postrider::smtp {
namespace {

struct Row {
  flow::IntakeFailure kind;
  std::uint16_t code;
  EnhancedCode enhanced;
  bool tells;  // the reason is the peer's business; else it is the operator's
  const char* text;
};

constexpr std::array rows = {
    Row{flow::IntakeFailure::too_large, 552, {5, 3, 4}, true, "Message too large"},
    Row{flow::IntakeFailure::header_too_large, 552, {5, 3, 4}, true, "Header too large"},
    Row{flow::IntakeFailure::line_too_long, 500, {5, 6, 0}, true, "Line too long"},
    Row{flow::IntakeFailure::malformed, 550, {5, 6, 0}, true, "Message malformed"},
    Row{flow::IntakeFailure::no_from, 550, {5, 6, 0}, true, "From missing"},
    Row{flow::IntakeFailure::from_not_allowed, 550, {5, 7, 1}, true, "From not allowed"},
    Row{flow::IntakeFailure::loop, 554, {5, 4, 6}, true, "Mail loop"},
    Row{flow::IntakeFailure::needs_smtputf8, 550, {5, 6, 7}, true, "SMTPUTF8 needed"},
    Row{flow::IntakeFailure::no_space, 452, {4, 3, 1}, false, "Out of space: try again later"},
    Row{flow::IntakeFailure::store_failed, 451, {4, 3, 0}, false, "Not stored: try again later"},
    Row{flow::IntakeFailure::shutting_down, 421, {4, 3, 2}, false, "Shutting down"},
    Row{flow::IntakeFailure::rejected, 550, {5, 7, 1}, true, "Message rejected"},
    Row{flow::IntakeFailure::deferred, 451, {4, 7, 1}, false, "Not judged now: try again later"},
};

// "5.7.23"; what is no code leaves the row's own.
EnhancedCode parse_enhanced(std::string_view text, EnhancedCode otherwise) {
  const auto parts = split(text, '.');
  if (parts.size() != 3) {
    return otherwise;
  }
  const auto klass = parse_decimal(parts[0]);
  const auto subject = parse_decimal(parts[1]);
  const auto detail = parse_decimal(parts[2]);
  const bool is_code =
      klass && subject && detail && *klass == otherwise.klass && *subject <= 999 && *detail <= 999;
  return is_code
             ? EnhancedCode{static_cast<std::uint8_t>(*klass), static_cast<std::uint16_t>(*subject),
                            static_cast<std::uint16_t>(*detail)}
             : otherwise;
}

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].kind) != i) {
      return false;
    }
  }
  return true;
}
static_assert(is_in_order());

}  // namespace

Reply reply_for(const flow::IntakeError& error) {
  const Row& row = rows[static_cast<std::size_t>(error.kind)];
  std::string text = row.text;
  if (row.tells && !error.text.empty()) {
    text += ": " + error.text;
  }
  if (!error.reply.empty()) {
    text = error.reply;
  }
  const bool is_of_its_class = error.code / 100 == row.code / 100;
  return {is_of_its_class ? error.code : row.code, parse_enhanced(error.enhanced, row.enhanced),
          std::move(text)};
}

}  // namespace postrider::smtp
