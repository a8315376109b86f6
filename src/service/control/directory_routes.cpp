// Domains, aliases, and the directory as a whole.
#include "directory_body.hpp"
#include "routes.hpp"

#include <array>
#include <utility>

#include <postrider/base/json.hpp>
#include <postrider/flow/list_returns.hpp>

namespace postrider::control {

namespace {

constexpr std::size_t page = 1000;

// `name_of`: of an entry, for the next page.
template <class Entry, class Encode, class Name>
http::Response list_response(const flow::AccountResult<std::vector<Entry>>& entries, Encode encode,
                             Name name_of) {
  if (!entries) {
    return account_error_response(entries.error());
  }
  std::string body;
  JsonWriter json(body);
  json.begin_array();
  for (const auto& entry : *entries) {
    json.raw(encode(entry));
  }
  json.end_array();
  auto response = json_response(body + "\n");
  if (entries->size() == page) {
    response.fields.push_back({"x-next", http::encode_percent(name_of(entries->back()))});
  }
  return response;
}

http::Response domain_response(const flow::AccountResult<store::Domain>& domain,
                               std::uint16_t status) {
  return domain ? json_response(encode_domain(*domain) + "\n", status)
                : account_error_response(domain.error());
}

engine::Task<http::Response> list_domains(Call call) {
  co_return list_response(
      co_await call.ports.accounts.list_domains(call.request.query("after").value_or(""), page),
      encode_domain, [](const store::Domain& domain) { return domain.name; });
}

engine::Task<http::Response> add_domain(Call call) {
  auto body = JsonBody::parse(call.request.body, domain_members());
  if (!body) {
    co_return error_response(400, body.error());
  }
  co_return domain_response(co_await call.ports.accounts.add_domain(body->text("name").value_or(""),
                                                                    domain_change(*body)),
                            201);
}

engine::Task<http::Response> show_domain(Call call) {
  co_return domain_response(co_await call.ports.accounts.load_domain(std::string(call.argument)),
                            200);
}

engine::Task<http::Response> change_domain(Call call) {
  auto body = JsonBody::parse(call.request.body, domain_members());
  if (!body) {
    co_return error_response(400, body.error());
  }
  co_return domain_response(
      co_await call.ports.accounts.change_domain(std::string(call.argument), domain_change(*body)),
      200);
}

engine::Task<http::Response> remove_domain(Call call) {
  const auto removed = co_await call.ports.accounts.remove_domain(std::string(call.argument));
  co_return removed ? json_response("{}\n") : account_error_response(removed.error());
}

http::Response alias_response(const flow::AccountResult<store::Alias>& alias,
                              std::uint16_t status) {
  return alias ? json_response(encode_alias(*alias) + "\n", status)
               : account_error_response(alias.error());
}

engine::Task<http::Response> list_aliases(Call call) {
  co_return list_response(
      co_await call.ports.accounts.list_aliases(call.request.query("after").value_or(""), page),
      encode_alias, [](const store::Alias& alias) { return alias.address; });
}

engine::Task<http::Response> add_alias(Call call) {
  auto body = JsonBody::parse(call.request.body, alias_members());
  auto change = body ? alias_change(*body) : failure(body.error());
  if (!change) {
    co_return error_response(400, change.error());
  }
  co_return alias_response(co_await call.ports.accounts.add_alias(
                               body->text("address").value_or(""), std::move(*change)),
                           201);
}

engine::Task<http::Response> show_alias(Call call) {
  const auto alias = co_await call.ports.accounts.load_alias(std::string(call.argument));
  const bool is_list = alias && alias->kind == store::AliasKind::list;
  if (!is_list || call.ports.list_returns == nullptr) {
    co_return alias_response(alias, 200);
  }
  std::string body = encode_alias(*alias);
  body.pop_back();  // what has come back from its members stands in the object as well
  body += ",\"bounces\":";
  JsonWriter json(body);
  json.begin_array();
  for (const flow::MemberReturns& one : co_await call.ports.list_returns->of(alias->address)) {
    json.begin_object().member("member", one.member).member("count", one.count);
    json.member("last", encode_rfc3339(one.last)).member("class", one.bounce_class);
    json.member("enhanced", one.enhanced).member("text", one.text).end_object();
  }
  json.end_array();
  co_return json_response(body + "}\n");
}

engine::Task<http::Response> change_alias(Call call) {
  auto body = JsonBody::parse(call.request.body, alias_members());
  auto change = body ? alias_change(*body) : failure(body.error());
  if (!change) {
    co_return error_response(400, change.error());
  }
  co_return alias_response(
      co_await call.ports.accounts.change_alias(std::string(call.argument), std::move(*change)),
      200);
}

engine::Task<http::Response> remove_alias(Call call) {
  const auto removed = co_await call.ports.accounts.remove_alias(std::string(call.argument));
  co_return removed ? json_response("{}\n") : account_error_response(removed.error());
}

// What is wrong with a row; empty: it was taken.
template <class T>
std::string problem_of(const flow::AccountResult<T>& result) {
  return result ? std::string() : result.error().text;
}

bool is_there(const auto& result) {
  return !result && result.error().kind == flow::AccountFailure::exists;
}

engine::Task<std::string> take_account(Call call, std::string row, bool update) {
  const auto body = JsonBody::parse(row, account_members());
  auto change = body ? account_change(*body) : failure(body.error());
  if (!change) {
    co_return change.error();
  }
  const std::string name = body->text("name").value_or("");
  if (change->tenant && change->tenant->empty()) {
    change->tenant.reset();
  }
  const auto added = co_await call.ports.accounts.add(
      {.name = name, .password = {}, .tenant = {}, .send_as = {}, .settings = *change});
  if (update && is_there(added)) {
    co_return problem_of(co_await call.ports.accounts.change(name, std::move(*change)));
  }
  co_return problem_of(added);
}

engine::Task<std::string> take_domain(Call call, std::string row, bool update) {
  const auto body = JsonBody::parse(row, domain_members());
  if (!body) {
    co_return body.error();
  }
  const std::string name = body->text("name").value_or("");
  const auto added = co_await call.ports.accounts.add_domain(name, domain_change(*body));
  if (update && is_there(added)) {
    co_return problem_of(co_await call.ports.accounts.change_domain(name, domain_change(*body)));
  }
  co_return problem_of(added);
}

engine::Task<std::string> take_alias(Call call, std::string row, bool update) {
  const auto body = JsonBody::parse(row, alias_members());
  auto change = body ? alias_change(*body) : failure(body.error());
  if (!change) {
    co_return change.error();
  }
  const std::string address = body->text("address").value_or(body->text("name").value_or(""));
  const auto added = co_await call.ports.accounts.add_alias(address, *change);
  if (update && is_there(added)) {
    co_return problem_of(co_await call.ports.accounts.change_alias(address, std::move(*change)));
  }
  co_return problem_of(added);
}

constexpr std::array<BodyMember, 4> import_members{{{"accounts", BodyMember::Kind::list},
                                                    {"domains", BodyMember::Kind::list},
                                                    {"aliases", BodyMember::Kind::list},
                                                    {"update", BodyMember::Kind::truth}}};

// Rows are JSON objects as texts. Each is taken as a whole or not at all; the answer has a text for
// each in its place, empty where it was taken.
engine::Task<http::Response> import_rows(Call call) {
  const auto body = JsonBody::parse(call.request.body, import_members);
  if (!body) {
    co_return error_response(400, body.error());
  }
  const bool update = body->truth("update").value_or(false);
  struct Part {
    std::string_view name;
    engine::Task<std::string> (*take)(Call, std::string, bool);
  };
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  for (const auto& [name, take] :
       {Part{"domains", take_domain}, {"accounts", take_account}, {"aliases", take_alias}}) {
    json.key(name).begin_array();
    for (const auto& row : body->list(name).value_or(std::vector<std::string>{})) {
      json.value(co_await take(call, row, update));
    }
    json.end_array();
  }
  json.end_object();
  co_return json_response(out + "\n");
}

}  // namespace

std::span<const Route> directory_routes() {
  static constexpr auto routes = std::to_array<Route>({
      {"GET", "/v1/domains", list_domains},
      {"POST", "/v1/domains", add_domain},
      {"GET", "/v1/domains/*", show_domain},
      {"PATCH", "/v1/domains/*", change_domain},
      {"DELETE", "/v1/domains/*", remove_domain},
      {"GET", "/v1/aliases", list_aliases},
      {"POST", "/v1/aliases", add_alias},
      {"GET", "/v1/aliases/*", show_alias},
      {"PATCH", "/v1/aliases/*", change_alias},
      {"DELETE", "/v1/aliases/*", remove_alias},
      {"POST", "/v1/import", import_rows},
  });
  return routes;
}

}  // namespace postrider::control
