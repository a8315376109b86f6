#include "quarantine_entry.hpp"

#include "quarantine.hpp"

#include <algorithm>
#include <utility>

#include <postrider/base/text.hpp>

namespace postrider::control {

namespace {

constexpr std::size_t field_octets_max = 500;
constexpr std::size_t reasons_max = 20;

}  // namespace

engine::Task<store::StoreResult<std::string>> read_header(store::QueueStore& queue, MessageId id) {
  const auto chunk = co_await queue.read_chunk(id, 0);
  if (!chunk) {
    co_return failure(chunk.error());
  }
  const auto section = mime::scan_header(chunk->view());
  co_return std::string(chunk->view().substr(0, section ? section->body_offset() : 0));
}

std::string shown_field(const mime::HeaderSection& section, std::string_view name) {
  const mime::HeaderField* field = section.find(name);
  return field == nullptr ? std::string() : mime::unfold(field->value).substr(0, field_octets_max);
}

std::vector<std::string> quarantine_reasons(const mime::HeaderSection& section) {
  std::vector<std::string> out;
  for (const mime::HeaderField& field : section.fields()) {
    if (out.size() == reasons_max || !equals_ignoring_case(field.name, "X-Postrider-Verdict")) {
      continue;
    }
    const std::string unfolded = mime::unfold(field.value);
    const std::string_view text = trim_wsp(unfolded);
    if (text.starts_with("quarantine")) {
      const std::size_t space = text.find(' ');
      out.emplace_back(space == text.npos ? "" : text.substr(space + 1, field_octets_max));
    }
  }
  return out;
}

bool is_withheld(const std::vector<std::string>& reasons, const std::vector<std::string>& filters) {
  return std::ranges::any_of(reasons, [&filters](const std::string& reason) {
    return std::ranges::any_of(filters, [&reason](const std::string& filter) {
      return reason.starts_with(filter + ": ");
    });
  });
}

http::Response message_response(MessageId id) {
  return {200,
          {{"content-type", "message/rfc822"},
           {"content-disposition", "attachment; filename=\"" + id.text() + ".eml\""},
           {"x-content-type-options", "nosniff"},
           {"content-security-policy", "sandbox; default-src 'none'"}},
          {},
          true};
}

engine::Task<store::StoreResult<std::vector<store::StoredDelivery>>> load_quarantined(
    store::QueueStore& queue, MessageId id) {
  auto stored = co_await queue.load_message(id);
  if (!stored && stored.error() == store::StoreError::not_found) {
    co_return std::vector<store::StoredDelivery>{};
  }
  if (stored) {
    std::erase_if(*stored, [](const auto& delivery) { return !is_quarantined(delivery); });
  }
  co_return stored;
}

}  // namespace postrider::control
