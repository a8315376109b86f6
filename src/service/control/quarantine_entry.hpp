#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/http/message.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::control {

// The header of a message, from its first record.
[[nodiscard]] engine::Task<store::StoreResult<std::string>> read_header(store::QueueStore& queue,
                                                                        MessageId id);
// A field's value in one line, so much of it; empty: it is not there.
[[nodiscard]] std::string shown_field(const mime::HeaderSection& section, std::string_view name);
// Why it is held back, as those that did have written it on top ("clamav: Eicar-Signature"), the
// topmost first.
[[nodiscard]] std::vector<std::string> quarantine_reasons(const mime::HeaderSection& section);

// Is it held back by one of these filters, for one of these reasons?
[[nodiscard]] bool is_withheld(const std::vector<std::string>& reasons,
                               const std::vector<std::string>& filters);

// How a message that was held back is given away: to be saved, never to be shown as a page.
[[nodiscard]] http::Response message_response(MessageId id);

// What is in quarantine of one message; empty: nothing is.
[[nodiscard]] engine::Task<store::StoreResult<std::vector<store::StoredDelivery>>> load_quarantined(
    store::QueueStore& queue, MessageId id);

}  // namespace postrider::control
