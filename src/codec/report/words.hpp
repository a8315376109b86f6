#pragma once

#include <string>

#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/report/delivery_status.hpp>

namespace postrider::report {

// The subject and the text of the part that a person reads: UTF-8, lines of at most 76 columns (a
// peer's words longer than that apart) ended by CRLF. `original`: the header of the message that
// this is about.
[[nodiscard]] std::string subject_in_words(const DeliveryStatus& status,
                                           const mime::HeaderSection& original);
[[nodiscard]] std::string report_in_words(const DeliveryStatus& status,
                                          const mime::HeaderSection& original);

}  // namespace postrider::report
