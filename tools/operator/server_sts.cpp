#include "server_sts.hpp"

#include "answer_json.hpp"

#include <fmt/core.h>

#include <postrider/base/time.hpp>

namespace postrider::tools {

namespace {

constexpr std::uint16_t ok = 200;

}  // namespace

std::optional<ServerSts> ask_server_sts(ControlTransport& control, const std::string& domain) {
  const auto response = control.call({"GET", "/v1/mta-sts/" + domain, {}, {}, true});
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (response.status != ok ||
      parser.parse(simdjson::padded_string(response.body)).get(answer) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  std::int64_t age_s = 0;
  if (answer["age_s"].get(age_s) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return ServerSts{text_of(answer, "mode"), text_of(answer, "id"), std::chrono::seconds(age_s),
                   text_of(answer, "expires")};
}

void encode_server_sts(const std::optional<ServerSts>& copy, JsonWriter& json) {
  json.key("server");
  if (!copy) {
    json.null();
    return;
  }
  json.begin_object().member("mode", copy->mode).member("id", copy->id);
  json.member("age_s", std::chrono::duration_cast<std::chrono::seconds>(copy->age).count());
  json.member("expires", copy->expires).end_object();
}

std::string describe_server_sts(const ServerSts& copy) {
  return fmt::format("MTA-STS as the server has it: {}, id {}, {} old, until {}\n", copy.mode,
                     copy.id, encode_duration(copy.age), copy.expires);
}

}  // namespace postrider::tools
