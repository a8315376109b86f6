// Accounts and their app passwords.
#include "directory_body.hpp"
#include "routes.hpp"

#include <array>
#include <utility>

#include <postrider/base/json.hpp>

namespace postrider::control {

namespace {

constexpr std::size_t page = 1000;

http::Response account_response(const flow::AccountResult<store::Account>& account,
                                std::uint16_t status) {
  return account ? json_response(encode_account(*account, false) + "\n", status)
                 : account_error_response(account.error());
}

engine::Task<http::Response> list_accounts(Call call) {
  const auto accounts =
      co_await call.ports.accounts.list(call.request.query("after").value_or(""), page);
  if (!accounts) {
    co_return account_error_response(accounts.error());
  }
  const bool secrets = call.request.query("secrets").value_or("") == "yes";
  std::string body;
  JsonWriter json(body);
  json.begin_array();
  for (const auto& account : *accounts) {
    json.raw(encode_account(account, secrets));
  }
  json.end_array();
  auto response = json_response(body + "\n");
  if (accounts->size() == page) {
    response.fields.push_back({"x-next", http::encode_percent(accounts->back().name)});
  }
  co_return response;
}

engine::Task<http::Response> add_account(Call call) {
  auto body = JsonBody::parse(call.request.body, account_members());
  auto change = body ? account_change(*body) : failure(body.error());
  if (!change) {
    co_return error_response(400, change.error());
  }
  if (change->tenant && change->tenant->empty()) {
    change->tenant.reset();
  }
  co_return account_response(co_await call.ports.accounts.add({
                                 .name = body->text("name").value_or(""),
                                 .password = {},
                                 .tenant = {},
                                 .send_as = {},
                                 .settings = std::move(*change),
                             }),
                             201);
}

engine::Task<http::Response> show_account(Call call) {
  co_return account_response(co_await call.ports.accounts.load(std::string(call.argument)), 200);
}

engine::Task<http::Response> change_account(Call call) {
  auto body = JsonBody::parse(call.request.body, account_members());
  auto change = body ? account_change(*body) : failure(body.error());
  if (!change) {
    co_return error_response(400, change.error());
  }
  co_return account_response(
      co_await call.ports.accounts.change(std::string(call.argument), std::move(*change)), 200);
}

engine::Task<http::Response> remove_account(Call call) {
  const auto removed = co_await call.ports.accounts.remove(std::string(call.argument));
  co_return removed ? json_response("{}\n") : account_error_response(removed.error());
}

constexpr std::array<BodyMember, 2> app_password_members{
    {{"name", BodyMember::Kind::text}, {"scopes", BodyMember::Kind::list}}};

engine::Task<http::Response> add_app_password(Call call) {
  auto body = JsonBody::parse(call.request.body, app_password_members);
  if (!body) {
    co_return error_response(400, body.error());
  }
  const auto made = co_await call.ports.accounts.add_app_password(
      std::string(call.argument), body->text("name").value_or(""),
      body->list("scopes").value_or(std::vector<std::string>{}));
  if (!made) {
    co_return account_error_response(made.error());
  }
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("account", made->account.name);
  json.member("name", made->account.app_passwords.back().name);
  json.member("password", made->password).end_object();
  co_return json_response(out + "\n", 201);
}

engine::Task<http::Response> remove_app_password(Call call) {
  auto body = JsonBody::parse(call.request.body, app_password_members);
  if (!body) {
    co_return error_response(400, body.error());
  }
  co_return account_response(co_await call.ports.accounts.remove_app_password(
                                 std::string(call.argument), body->text("name").value_or("")),
                             200);
}

}  // namespace

std::span<const Route> account_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"GET", "/v1/accounts", list_accounts},
      {"POST", "/v1/accounts", add_account},
      {"GET", "/v1/accounts/*", show_account},
      {"PATCH", "/v1/accounts/*", change_account},
      {"DELETE", "/v1/accounts/*", remove_account},
      {"POST", "/v1/accounts/*/app-passwords", add_app_password},
      {"DELETE", "/v1/accounts/*/app-passwords", remove_app_password},
  });
  return routes;
}

}  // namespace postrider::control
