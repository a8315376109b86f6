#include "json_body.hpp"
#include "routes.hpp"

#include <array>

#include <postrider/base/json.hpp>

namespace postrider::control {

namespace {

constexpr std::size_t page = 1000;

http::Response account_error_response(const flow::AccountError& error) {
  switch (error.kind) {
    case flow::AccountFailure::bad_name:
    case flow::AccountFailure::bad_password:
      return error_response(400, error.text);
    case flow::AccountFailure::exists:
      return error_response(409, error.text);
    case flow::AccountFailure::not_found:
      return error_response(404, error.text);
    case flow::AccountFailure::store:
      return error_response(503, error.text);
  }
  return error_response(500, error.text);
}

void encode_account(const store::Account& account, JsonWriter& json) {
  json.begin_object().member("name", account.name).member("tenant", account.tenant);
  json.key("send_as").begin_array();
  for (const auto& entry : account.send_as) {
    json.value(entry);
  }
  json.end_array();
  json.key("credentials").begin_array();
  if (!account.password_hash.empty()) {
    json.value("argon2id");
  }
  if (account.scram) {
    json.value("scram-sha-256");
  }
  json.end_array();
  json.member("disabled", account.disabled);
  json.member("created", encode_rfc3339(account.created));
  json.member("changed", encode_rfc3339(account.changed)).end_object();
}

http::Response account_response(const store::Account& account, std::uint16_t status) {
  std::string body;
  JsonWriter json(body);
  encode_account(account, json);
  return json_response(body + "\n", status);
}

engine::Task<http::Response> list_accounts(Call call) {
  const auto accounts =
      co_await call.ports.accounts.list(call.request.query("after").value_or(""), page);
  if (!accounts) {
    co_return account_error_response(accounts.error());
  }
  std::string body;
  JsonWriter json(body);
  json.begin_array();
  for (const auto& account : *accounts) {
    encode_account(account, json);
  }
  json.end_array();
  auto response = json_response(body + "\n");
  if (accounts->size() == page) {
    response.fields.push_back({"x-next", http::encode_percent(accounts->back().name)});
  }
  co_return response;
}

engine::Task<http::Response> add_account(Call call) {
  auto body = JsonBody::parse(call.request.body, {"name", "password", "tenant", "send_as"});
  if (!body) {
    co_return error_response(400, body.error());
  }
  const auto account = co_await call.ports.accounts.add({
      .name = body->text("name").value_or(""),
      .password = body->text("password").value_or(""),
      .tenant = body->text("tenant").value_or(""),
      .send_as = body->list("send_as").value_or(std::vector<std::string>{}),
  });
  co_return account ? account_response(*account, 201) : account_error_response(account.error());
}

engine::Task<http::Response> show_account(Call call) {
  const auto account = co_await call.ports.accounts.load(std::string(call.argument));
  co_return account ? account_response(*account, 200) : account_error_response(account.error());
}

engine::Task<http::Response> change_account(Call call) {
  auto body = JsonBody::parse(call.request.body, {"password", "tenant", "send_as", "disabled"});
  if (!body) {
    co_return error_response(400, body.error());
  }
  const auto account = co_await call.ports.accounts.change(std::string(call.argument),
                                                           {
                                                               .password = body->text("password"),
                                                               .tenant = body->text("tenant"),
                                                               .send_as = body->list("send_as"),
                                                               .disabled = body->truth("disabled"),
                                                           });
  co_return account ? account_response(*account, 200) : account_error_response(account.error());
}

engine::Task<http::Response> remove_account(Call call) {
  const auto removed = co_await call.ports.accounts.remove(std::string(call.argument));
  co_return removed ? json_response("{}\n") : account_error_response(removed.error());
}

void encode_domain(const store::Domain& domain, JsonWriter& json) {
  json.begin_object().member("name", domain.name).member("tenant", domain.tenant);
  json.member("created", encode_rfc3339(domain.created)).end_object();
}

engine::Task<http::Response> list_domains(Call call) {
  const auto domains =
      co_await call.ports.accounts.list_domains(call.request.query("after").value_or(""), page);
  if (!domains) {
    co_return account_error_response(domains.error());
  }
  std::string body;
  JsonWriter json(body);
  json.begin_array();
  for (const auto& domain : *domains) {
    encode_domain(domain, json);
  }
  json.end_array();
  auto response = json_response(body + "\n");
  if (domains->size() == page) {
    response.fields.push_back({"x-next", http::encode_percent(domains->back().name)});
  }
  co_return response;
}

engine::Task<http::Response> add_domain(Call call) {
  auto body = JsonBody::parse(call.request.body, {"name", "tenant"});
  if (!body) {
    co_return error_response(400, body.error());
  }
  const auto domain = co_await call.ports.accounts.add_domain(body->text("name").value_or(""),
                                                              body->text("tenant").value_or(""));
  if (!domain) {
    co_return account_error_response(domain.error());
  }
  std::string text;
  JsonWriter json(text);
  encode_domain(*domain, json);
  co_return json_response(text + "\n", 201);
}

engine::Task<http::Response> remove_domain(Call call) {
  const auto removed = co_await call.ports.accounts.remove_domain(std::string(call.argument));
  co_return removed ? json_response("{}\n") : account_error_response(removed.error());
}

}  // namespace

std::span<const Route> account_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"GET", "/v1/accounts", list_accounts},
      {"POST", "/v1/accounts", add_account},
      {"GET", "/v1/accounts/*", show_account},
      {"PATCH", "/v1/accounts/*", change_account},
      {"DELETE", "/v1/accounts/*", remove_account},
      {"GET", "/v1/domains", list_domains},
      {"POST", "/v1/domains", add_domain},
      {"DELETE", "/v1/domains/*", remove_domain},
  });
  return routes;
}

}  // namespace postrider::control
