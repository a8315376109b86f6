#pragma once

#include <span>
#include <string>
#include <string_view>

#include <postrider/base/json.hpp>
#include <postrider/codec/http/message.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/service/control/control_service.hpp>

namespace postrider::control {

struct Call {
  ControlPorts& ports;
  const http::Request& request;
  std::string_view argument;  // what stands for '*' in the route's path, percent-decoded
};

using Handler = engine::Task<http::Response> (*)(Call call);

// "/v1/queue/*/why": one '*' at most, which stands for one segment.
struct Route {
  std::string_view method;
  std::string_view path;
  Handler handler;
};

[[nodiscard]] std::span<const Route> queue_routes();
[[nodiscard]] std::span<const Route> queue_action_routes();
[[nodiscard]] std::span<const Route> quarantine_routes();
[[nodiscard]] std::span<const Route> account_routes();
[[nodiscard]] std::span<const Route> directory_routes();
[[nodiscard]] std::span<const Route> server_routes();
[[nodiscard]] std::span<const Route> report_routes();
[[nodiscard]] std::span<const Route> mailbox_routes();
[[nodiscard]] std::span<const Route> upkeep_routes();
[[nodiscard]] std::span<const Route> mail_import_routes();
[[nodiscard]] std::span<const Route> mta_sts_routes();
[[nodiscard]] std::span<const Route> text_index_routes();
[[nodiscard]] std::span<const Route> greylist_routes();

// Its counters, as an object; null without a server.
void encode_greylist(const ControlPorts& ports, JsonWriter& json);

[[nodiscard]] http::Response json_response(std::string body, std::uint16_t status = 200);
// `text`: "what is wrong: what to do".
[[nodiscard]] http::Response error_response(std::uint16_t status, std::string_view text);
[[nodiscard]] http::Response store_error_response(store::StoreError error, std::string_view what);

[[nodiscard]] http::Response mail_error_response(store::MailError error, std::string_view what);
[[nodiscard]] http::Response no_mailboxes_here();

}  // namespace postrider::control
